"""Git in an untrusted folder: no program configured in its settings is run."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

_PATIENCE = 10.0
# Every setting of a repository that names a program run by the commands here, and hooks.
_OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.askPass": "false",
    "credential.helper": "",
    "diff.external": "",
    "gpg.program": "false",
    "gpg.openpgp.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "log.showSignature": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
# Git fetches missing objects of a partial clone with a program from the settings. Allowing no
# protocol overrides a repository's own `protocol.*.allow`, in older versions of Git too.
_VARIABLES = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_ASKPASS": "false",
    "GIT_SSH_COMMAND": "false",
}
_GIT_INFO = ("BUILDX_GIT_INFO", "BUILDX_GIT_LABELS")
# The true values of strconv.ParseBool, which Buildx uses for its variables.
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
# Sections of a repository's settings for which `git status` runs programs. A submodule has its
# own settings, which can't be overridden from outside.
_STATUS_RUNS = ("filter.", "core.fsmonitor", "core.hookspath", "submodule.", "extensions.partial")
# And sections that may name files that never end.
_STATUS_READS = ("core.attributesfile", "core.excludesfile")


def commit_of(folder: str | Path) -> tuple[str, int] | None:
    """Return the last commit that changed a folder and its time; None outside a checkout."""
    words = _git(folder, "rev-list", "-1", "--format=%ct", "HEAD", "--", ".").split()
    if len(words) != 3 or words[0] != "commit" or not words[2].isdecimal():
        return None
    return words[1], int(words[2])


def origin_of(folder: str | Path) -> str:
    """Return the web address of a checkout's remote `origin`; '' if it has none."""
    return web_address(_git(folder, "config", "--get", "remote.origin.url").rstrip("\n"))


_URL = re.compile(r"(?P<scheme>https?|ssh|git)://(?P<host>[^/?#]+)(?P<path>/[^?#]*)")
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>.+)", re.ASCII)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?", re.ASCII)
_PATH = re.compile(r"(?:/[\w.~+-]+)+", re.ASCII)
_LONGEST_ADDRESS = 300


def web_address(remote: str) -> str:
    """Return a Git remote's `https://HOST/PATH`; '' for a local folder or an unusual address.

    It may be published in a label, so user names and passwords are left out:
    `https://TOKEN@github.com/a/b.git` and `git@github.com:a/b.git` are `https://github.com/a/b`.
    """
    if len(remote) > _LONGEST_ADDRESS or not remote.isprintable():
        return ""
    if found := _URL.fullmatch(remote):
        host, path = found["host"].rpartition("@")[2], found["path"]
        # The port of another protocol isn't the web server's.
        host = host if found["scheme"] == "https" else host.partition(":")[0]
    elif "://" not in remote and (found := _SCP.fullmatch(remote)):
        host, path = found["host"], f"/{found['path']}"
    else:
        return ""
    host, path = host.lower(), path.rstrip("/").removesuffix(".git")
    plain = _HOST.fullmatch(host) and _PATH.fullmatch(path)
    return f"https://{host}{path}" if plain and "/.." not in path else ""


def safe_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program that calls git, with unsafe settings overridden."""
    safe = {**environment, **_VARIABLES}
    count = safe.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isascii() and count.isdecimal() else 0
    for number, (key, value) in enumerate(_OVERRIDES.items(), first):
        safe |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    safe["GIT_CONFIG_COUNT"] = str(first + len(_OVERRIDES))
    return safe


def buildx_git(contexts: Iterable[str | Path], environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` for a Buildx that records git's information about these folders.

    Buildx calls git there for provenance and labels; since 0.36 it doesn't pass our variables
    on. If one of its calls would run a program of the repository, its calls are turned off.
    """
    safe = safe_git(environment)
    wanted = environment.get("BUILDX_GIT_INFO", "1") in _TRUE or (
        environment.get("BUILDX_GIT_LABELS", "") in {*_TRUE, "full"}
    )
    dirty = environment.get("BUILDX_GIT_CHECK_DIRTY", "") in _TRUE
    if wanted and not all(_harmless(context, dirty=dirty) for context in contexts):
        safe |= dict.fromkeys(_GIT_INFO, "false")
    return safe


def _harmless(context: str | Path, *, dirty: bool) -> bool:
    """Return whether Buildx's calls of git in a folder run nothing but git, and end.

    Buildx has no timeout: a FIFO among the settings of a repository would block it forever.
    """
    try:
        return _is_harmless(context, dirty=dirty)
    except subprocess.TimeoutExpired:
        return False


def _is_harmless(context: str | Path, *, dirty: bool) -> bool:
    if not Path(context).is_dir() or not _ask(context, "rev-parse", "--is-inside-work-tree"):
        return True  # It isn't a checkout: Buildx makes no other call.
    # The only call of Buildx that reads objects. This setting prevents it from fetching any.
    if not _ask(context, "show", "--format=%H", "HEAD", "--quiet", "--", silent=True):
        return False
    if not dirty:
        return True
    settings = _ask(context, "config", "--list", "-z", "--show-scope").split("\0")
    pairs = zip(settings[::2], settings[1::2], strict=False)
    own = [text.partition("\n")[0] for scope, text in pairs if scope in {"local", "worktree"}]
    hook = _ask(context, "rev-parse", "--git-path", "hooks/post-index-change", plain=True).strip()
    links = _ask(context, "ls-files", "-s", "-z", "--", ":/").split("\0")
    return (
        not any(
            key.startswith(_STATUS_RUNS + _STATUS_READS) or key.endswith(".promisor") for key in own
        )
        and not any(entry.startswith("160000 ") for entry in links)
        and bool(hook)
        and not os.access(Path(context) / hook, os.X_OK)
    )


def _git(folder: str | Path, *words: str) -> str:
    """Return the output of git; '' if it fails or times out."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return _ask(folder, *words)
    return ""


def _ask(folder: str | Path, *words: str, silent: bool = False, plain: bool = False) -> str:
    """Return the output of git; '' if it fails or, with `silent`, prints a warning.

    With `plain`, the repository's own folder of hooks is used. Raises TimeoutExpired.
    """
    settings = [
        word
        for key, value in _OVERRIDES.items()
        if not (plain and key == "core.hooksPath")
        for word in ("-c", f"{key}={value}")
    ]
    with contextlib.suppress(OSError):
        asked = subprocess.run(
            ["git", *settings, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            text=True,
            errors="replace",
            env=os.environ | _VARIABLES | {"LC_ALL": "C"},
        )
        if asked.returncode == 0 and not (silent and asked.stderr):
            return asked.stdout
    return ""
