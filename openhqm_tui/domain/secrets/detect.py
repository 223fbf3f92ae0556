"""Secrets recognized by their form, in the bytes of files, in variables and in instructions.

Findings are named by their kind; the secret itself is never returned. Placeholders from
documentation (`AKIAIOSFODNN7EXAMPLE`, `changeme`, `$TOKEN`) don't count. The kind of a well-known
default (`postgres:postgres@localhost`) begins with `sample`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from openhqm_tui.domain.secrets.patterns import (
    BEGINS,
    PRIVATE_KEY,
    PRIVATE_KEY_EXACT,
    PRIVATE_KEY_START,
    TOKEN_FORMS,
    is_secret_name,
)

# The longest form in bytes: windows that overlap by this much miss none.
LONGEST = 4096

# One fast pattern for the starts of all forms, the names, and the full patterns.
_FORMS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((PRIVATE_KEY_START,), PRIVATE_KEY, PRIVATE_KEY_START + PRIVATE_KEY_EXACT),
    *(
        (
            form.starts,
            form.kind,
            f"{'' if form.public else BEGINS}{form.start}(?P<value>{form.exact})",
        )
        for form in TOKEN_FORMS
    ),
)
_WHOLE = tuple((starts, what, re.compile(form.encode())) for starts, what, form in _FORMS)
_WORDS = sorted({start for starts, _, _ in _FORMS for start in starts}, reverse=True)


def _any_of(words: Iterable[str]) -> re.Pattern[bytes]:
    return re.compile("|".join(map(re.escape, words)).encode())


# The search stops at each letter that starts a word: a frequent letter gets its own pattern.
_STARTS = (
    _any_of(word for word in _WORDS if not word.startswith("e")),
    _any_of(word for word in _WORDS if word.startswith("e")),
)

_LOGIN = rb"://(?P<user>[^\s:/@\"']{0,200}):(?P<value>[^\s@/\"']{1,500})@"
_LOGIN_ON_HOST = re.compile(_LOGIN.decode() + r"(?P<host>[^\s:/?#,\"']*)")
# Files known by name to contain secrets: path, kind, and pattern.
_NAMED: tuple[tuple[str, str, bytes], ...] = (
    (r"/[._]netrc$", "password", rb"\bpassword\s+(?P<value>\S+)"),
    (r"/\.pypirc$", "password", rb"(?m)^[ \t]*password\s*[=:]\s*(?P<value>\S+)"),
    (
        r"/(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson|containers/auth\.json)$",
        "registry credentials",
        rb'"(?:auth|identitytoken|registrytoken)"\s*:\s*"(?P<value>[^"]{4,})"',
    ),
    (r"/\.?npmrc$", "npm credentials", rb"_(?:authToken|auth|password)\s*=\s*(?P<value>\S+)"),
    (r"/\.git-credentials$", "Git credentials", _LOGIN),
    (
        r"/(?:pip\.conf|uv\.toml|\.condarc|\.gitconfig|\.git/config|sources\.list(?:\.d/[^/]+)?)$",
        "credentials in a URL",
        _LOGIN,
    ),
    (r"/apt/auth\.conf(?:\.d/[^/]+)?$", "password", rb"\bpassword\s+(?P<value>\S+)"),
    (r"/\.aws/credentials$", "AWS secret key", rb"secret_access_key\s*=\s*(?P<value>\S{20,})"),
    (r"/\.kube/config$", "cluster credentials", rb"(?:token|client-key-data):\s*(?P<value>\S{8,})"),
    (
        r"/gcloud/(?:application_default_)?credentials(?:\.json|\.db)$",
        "Google credentials",
        rb'"refresh_token"\s*:\s*"(?P<value>[^"]+)"',
    ),
    (r"/\.pgpass$", "password", rb"(?m)^(?:[^#:\n][^:\n]*:){4}(?P<value>\S+)"),
    (r"/\.my\.cnf$", "password", rb"(?m)^[ \t]*password\s*=\s*(?P<value>\S+)"),
)
_BY_NAME = tuple((re.compile(path), what, re.compile(form)) for path, what, form in _NAMED)
_ENV_FILE = re.compile(r"/\.env(?!\.(?:example|sample|template|dist|defaults)$)(?:\.[^/]+)?$")
_ASSIGNED = re.compile(
    r"""(?<![\w.])(?P<name>[A-Za-z_][\w-]{0,99})=(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"']\S*)"""
)
_LINE = re.compile(
    r"""(?m)^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w{0,99})[ \t]*[=:][ \t]*(?P<value>\S.*)$"""
)
# `--password WORD`; what follows `--password-stdin` is something else.
_FLAG = re.compile(r"(?<!\S)--(?P<name>[A-Za-z][\w-]{0,99})[ \t]+(?P<value>[^\s\"'=]+)(?!\S)")
_NO_VALUE = ("-stdin", "-prompt", "-through", "-less")

_NO_SECRETS = frozenset(
    {"", "password", "passwd", "secret", "token", "key", "changeme", "change-me", "change_me"}
    | {"none", "null", "nil", "true", "false", "yes", "no", "on", "off", "test", "dummy", "todo"}
    | {"redacted", "hidden", "unset", "default", "string", "pass", "user", "guest", "optional"}
)
_PLACEHOLDERS = (
    *("example", "sample", "placeholder", "dummy", "changeme", "your-", "your_", "xxxx", "****"),
    *("1234567890", "0123456789", "abcdefghij", "deadbeef", "replace"),
)
# The key of Azurite and the storage emulator is in every Azure SDK.
# The examples of jwt.io and PyJWT are in many packages.
_PUBLIC = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",)
_PUBLIC_SIGNATURES = (
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ",
    "4twFt5NiznN84AWoo1d7KO1T_yoc0Z6XOpOVswacPZg",
)
# Default credentials of databases and brokers in examples: well-known, and not meant for
# production.
SAMPLE = "sample "
_SAMPLE_PASSWORDS = frozenset(
    {"postgres", "mysql", "mariadb", "mongo", "mongodb", "rabbitmq", "redis", "minio", "admin"}
    | {"minioadmin", "root", "elastic", "neo4j"}
)
_LOCAL_HOST = re.compile(
    r"[^.\[]*|127\.[0-9.]+|0\.0\.0\.0|host\.docker\.internal|.+\.(?:example(?:\.(?:com|org|net))?"
    r"|test|local|localhost|invalid)",
    re.IGNORECASE,
)
_EXAMPLE_FILE = re.compile(r"/(?:examples?|samples?|docs?|demos?)/", re.IGNORECASE)
_FEWEST_LETTERS = 6
_SHORTEST_NUMBER = 8

RULES = "\n".join(
    [
        *(f"{what} {form!r}" for _, what, form in _FORMS),
        *(f"{path} {what} {form!r}" for path, what, form in _NAMED),
        *(_ENV_FILE.pattern, _LINE.pattern, *sorted(_NO_SECRETS), *_PLACEHOLDERS, *_PUBLIC),
        *(_EXAMPLE_FILE.pattern, *sorted(_SAMPLE_PASSWORDS)),
    ]
)


def sorts_in(data: bytes) -> set[str]:
    """Return the kinds of secrets in some bytes of a file, by their form."""
    found: set[str] = set()
    for start in chain.from_iterable(starts.finditer(data) for starts in _STARTS):
        begin = start[0].decode()
        for starts, what, form in _WHOLE:
            if what not in found and begin.startswith(starts):
                whole = form.match(data, start.start())
                if whole and not _is_public(whole["value"].decode("latin-1")):
                    found.add(what)
    return found


def is_telling(path: str) -> bool:
    """Return whether a file may contain a secret by its name: see `sorts_in_named`."""
    return bool(_ENV_FILE.search(path)) or any(name.search(path) for name, _, _ in _BY_NAME)


def sorts_in_named(path: str, data: bytes) -> set[str]:
    """Return the kinds of secrets in a file whose name determines their format."""
    found = [
        (what, m["value"].decode("latin-1"))
        for name, what, form in _BY_NAME
        if name.search(path)
        for m in form.finditer(data)
    ]
    if _ENV_FILE.search(path):
        text = data.decode("utf-8", "replace")
        lines = (match for match in _LINE.finditer(text) if is_secret_name(match["name"]))
        found += [("password or token", match["value"]) for match in lines]
    in_example = _EXAMPLE_FILE.search(path) is not None
    return {
        f"{SAMPLE}{what}" if in_example and _is_sample(value) else what
        for what, value in found
        if _is_worth_hiding(value)
    }


def secret_in_value(name: str, value: str) -> str:
    """Return the kind of secret in the value of a variable, label or annotation, or ''."""
    known = sorted(sorts_in(value.encode("utf-8", "replace")))
    if known:
        return known[0]
    if is_secret_name(name) and _is_worth_hiding(value):
        return "password or token"
    return _login_in(value)


def secrets_in_text(line: str) -> set[str]:
    """Return the kinds of secrets in free text, such as an instruction of an image's history."""
    found = sorts_in(line.encode("utf-8", "replace"))
    if any(_is_assignment(match) for match in _ASSIGNED.finditer(line)):
        found.add("password or token")
    if any(_is_flag(*match.group("name", "value")) for match in _FLAG.finditer(line)):
        found.add("password or token")
    if login := _login_in(line):
        found.add(login)
    return found


def secrets_in_command(words: Sequence[str]) -> set[str]:
    """Return the kinds of secrets in a command, given word by word."""
    found = secrets_in_text(" ".join(words))
    for flag, value in pairwise(words):
        if flag.startswith("--") and _is_flag(flag[2:], value, sure=True):
            found.add("password or token")
    return found


def _is_flag(name: str, value: str, *, sure: bool = False) -> bool:
    """Return whether `--name value` passes a secret; in free text a value has digits."""
    if not is_secret_name(name) or name.endswith(_NO_VALUE) or value.startswith("-"):
        return False
    looks_random = len(value) >= _FEWEST_LETTERS and any(c.isdigit() for c in value)
    return (sure or looks_random) and _is_worth_hiding(value)


def _login_in(text: str) -> str:
    """Return the kind of the logins in a text: "" for none, marked if they are all samples."""
    logins = [m for m in _LOGIN_ON_HOST.finditer(text) if _is_worth_hiding(m["value"])]
    if not logins:
        return ""
    sample = all(
        _LOCAL_HOST.fullmatch(m["host"]) and (_is_sample(m["value"]) or m["user"] == m["value"])
        for m in logins
    )
    return f"{SAMPLE}credentials in a URL" if sample else "credentials in a URL"


def _is_sample(value: str) -> bool:
    return value.strip().strip("\"'").lower() in _SAMPLE_PASSWORDS


def _is_assignment(match: re.Match[str]) -> bool:
    return is_secret_name(match["name"]) and _is_worth_hiding(match["value"])


def _is_worth_hiding(value: str) -> bool:
    """Return whether a value in a secret's place is one, not a placeholder, path or switch."""
    value = value.strip().strip("\"'")
    if value.lower() in _NO_SECRETS or value[:1] in set("/$<{%*"):
        return False
    if value.isdecimal() and len(value) < _SHORTEST_NUMBER:
        return False
    return not any(word in value.lower() for word in _PLACEHOLDERS)


def _is_public(value: str) -> bool:
    """Return whether something with a secret's form is a public example."""
    low = value.lower()
    return (
        len(set(low)) < _FEWEST_LETTERS
        or any(word in low for word in _PLACEHOLDERS)
        or value.startswith(_PUBLIC)
        or value.endswith(_PUBLIC_SIGNATURES)
    )
