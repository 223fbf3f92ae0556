"""Where a checkout came from, as an address that may stand in a public label."""

from __future__ import annotations

import re

_URL = re.compile(r"(?P<scheme>https?|ssh|git)://(?P<host>[^/?#]+)(?P<path>/[^?#]*)")
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>.+)", re.ASCII)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?", re.ASCII)
_PATH = re.compile(r"(?:/[\w.~+-]+)+", re.ASCII)
_LONGEST = 300


def web_address(remote: str) -> str:
    """Return a Git remote's `https://HOST/PATH`; '' for a local folder and whatever isn't plain.

    User names and passwords are left out: `https://TOKEN@github.com/a/b.git` and
    `git@github.com:a/b.git` are `https://github.com/a/b`.
    """
    if len(remote) > _LONGEST or not remote.isprintable():
        return ""
    if found := _URL.fullmatch(remote):
        host, path = found["host"].rpartition("@")[2], found["path"]
        # The port of another protocol says nothing about the web page's.
        host = host if found["scheme"] == "https" else host.partition(":")[0]
    elif "://" not in remote and (found := _SCP.fullmatch(remote)):
        host, path = found["host"], f"/{found['path']}"
    else:
        return ""
    host, path = host.lower(), path.rstrip("/").removesuffix(".git")
    plain = _HOST.fullmatch(host) and _PATH.fullmatch(path)
    return f"https://{host}{path}" if plain and "/.." not in path else ""
