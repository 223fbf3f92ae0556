"""Masking secrets in what is kept or shown: known values, secret names, tokens by form.

Masking can't be undone, so it is applied only to what people read (logs, reports, history), never
to what a build needs. A secret in an unknown form under an inconspicuous name can't be recognized,
but its value can be passed to `Mask`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any

from openhqm_tui.domain.secrets.patterns import (
    BEGINS_LOOSELY,
    PRIVATE_KEY_LOOSE,
    TOKEN_FORMS,
    WORDS,
    is_secret_name,
)
from openhqm_tui.domain.text import plain

MASK = "***"

# Shorter values would match in half of all words, and protect nothing.
SHORTEST_VALUE = 8
# `REQUIRE_AUTH=false` reveals nothing, and the word is everywhere.
_NO_VALUES = frozenset(
    {"true", "false", "none", "null", "enabled", "disabled", "required", "optional", "latest"}
)
_ALWAYS = frozenset({"password", "passwd", "passphrase", "pwd", "authorization"})

_NAMED = re.compile(
    r"""(?<![A-Za-z0-9_.])(?<![A-Za-z0-9_.]-)(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,99})"""
    r"""(?P<join>\\?["']?[ \t]{0,8}[=:][ \t]{0,8})"""
)
# `--password WORD`; the old Dockerfile syntax: `ENV NAME WORD`.
_FLAG = re.compile(
    r"(?:(?<=--)|(?<=\bENV )|(?<=\bARG ))(?P<name>[A-Za-z][A-Za-z0-9_-]{0,99})(?P<join>[ \t]{1,8})"
)
# A quoted value ends with its quote, also in JSON within JSON.
_VALUE = re.compile(r"""\\"[^"\n]*"|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|["'].*|\S+""")
# Lower-case names may be followed by others: `?sig=…&page=2`, `AccountKey=…;Endpoint=…`.
_FIRST = re.compile(r"[^\s\"'&;,]+")
_LOGIN = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://)(?P<who>[^\s/?#\"']{1,2000})@")
_HEADER = re.compile(
    r"(?i)\b(?P<kind>bearer|basic|(?<=authorization: )[a-z-]{1,20})(?P<gap>[ \t]+)"
    r"[A-Za-z0-9._~+/=-]{8,}"
)
_ALL_STARTS = tuple(start for form in TOKEN_FORMS for start in form.starts)
_STARTS = "|".join(map(re.escape, _ALL_STARTS))
# Grouped by first letter, so that most of a text is skipped quickly.
_ANY_START = re.compile(
    "|".join(
        f"{first}(?:{'|'.join(re.escape(start[1:]) for start in starts)})"
        for first, starts in groupby(sorted(_ALL_STARTS), key=lambda start: start[0])
    )
)
_PUBLIC_STARTS = tuple(start for form in TOKEN_FORMS if form.public for start in form.starts)
_FORMS = re.compile(
    BEGINS_LOOSELY + f"(?:{'|'.join(f.start + f.loose for f in TOKEN_FORMS if not f.public)})"
)
_AFTER_START = re.compile(
    "|".join(f"(?<={form.start}){form.loose}" for form in TOKEN_FORMS if form.public)
)
# A truncated text may end with the beginning of a secret.
_CUT = "…"
_FORMS_CUT = re.compile(rf"{BEGINS_LOOSELY}(?:{_STARTS})[A-Za-z0-9_.-]*(?={_CUT})")
_LEAST_CUT = 3
# Characters of untrusted text to examine, more than is ever shown; values to search in each.
_LONGEST_START = 2048
_MOST_VALUES = 100
_PEM = re.compile(PRIVATE_KEY_LOOSE, re.DOTALL)
# Most lines of a log have no secret, which is quick to see: no word of a secret's name, and no run
# of characters as long as a token.
_NAMES = (
    *("pass", "pwd", "secret", "token", "cred", "jwt", "bearer", "auth", "cookie", "connection"),
    *("private", "apikey"),
)
_SHORT_NAMES = ("key", "sig", "sas", "pat")
_SHORT_NAME = re.compile(r"(?:[Kk]ey|[Ss]ig|[Ss]as|[Pp]at)(?![a-z])|(?:KEY|SIG|SAS|PAT)(?![A-Z])")
_LONG_RUN = re.compile(r"[A-Za-z0-9_-]{15}")
_RUN = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
# Base64 of a token; paths and checksums are in lower case.
_TOKEN_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{26,}={0,2}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")

# Variables that a Dockerfile sets: BuildKit puts their values into steps' names.
_SETS = re.compile(r"(?im)^[ \t]*(?:ENV|ARG|LABEL)[ \t]+(?P<rest>.{1,4000})")
# Untrusted files may have any number.
_MOST_SET = 1000
_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_PAIR = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]{1,100})=(?P<value>"(?:\\.|[^"\\])*"|'[^']*'|[^\s"']\S*)"""
)
# The old syntax, one per line: `ENV NAME the rest of the line`.
_PAIR_ALONE = re.compile(r"(?P<name>[\w.-]{1,100})[ \t]+(?P<value>[^\s=].*)")


def secret_values(named: Mapping[str, str]) -> set[str]:
    """Return the values with secret names, to be masked wherever they appear.

    Credentials before the `@` of a URL count under any name.
    """
    found = {
        value
        for name, value in named.items()
        if is_secret_name(name) and value.lower() not in _NO_VALUES
    }
    return found | {word for value in named.values() for word in _login_words(value)}


def _login_words(text: str) -> Iterator[str]:
    for match in _LOGIN.finditer(text[:_LONGEST_START]):
        if _is_secret_login(match):
            _, colon, password = match["who"].partition(":")
            word = password if colon else match["who"]
            yield word
            yield _PERCENT.sub(lambda found: chr(int(found[0][1:], 16)), word)


def config_secrets(env: Iterable[str], labels: Mapping[str, str]) -> set[str]:
    """Return the secret values of an image's config: of `NAME=value` lines, and of labels.

    Their number is limited, because a config is untrusted.
    """
    named = dict(line.partition("=")[::2] for line in env)
    found = sorted(secret_values(named) | secret_values(labels))
    return {value[:_LONGEST_START] for value in found[:_MOST_VALUES]}


def bake_secrets(bake: Mapping[str, object]) -> set[str]:
    """Return the secret values of all targets of a bake file, arguments and labels."""
    found: set[str] = set()
    targets = bake.get("target")
    for body in targets.values() if isinstance(targets, dict) else ():
        for part in ("args", "labels"):
            named = body.get(part) if isinstance(body, dict) else None
            if isinstance(named, dict):
                found |= secret_values({str(name): str(value) for name, value in named.items()})
    return found


def dockerfile_secrets(text: str) -> frozenset[str]:
    """Return the values with secret names in ENV, ARG and LABEL.

    References such as `$NAME` are skipped: their values are found where they are set.
    """
    found: set[str] = set()
    for line in islice(_SETS.finditer(_CONTINUED.sub(" ", text)), _MOST_SET):
        for name, value in _pairs(line["rest"]):
            found |= secret_values({name: value})
    return frozenset(value for value in found if "$" not in value)


class Mask:
    """Replaces secrets by `***`: the given `values`, and everything that looks like one.

    Values of fewer than eight characters are ignored, and so are `public` ones: names that appear
    everywhere, such as those of targets and platforms. Values are also found percent-encoded, as
    Base64, and escaped as in JSON or for a shell.
    """

    def __init__(self, values: Iterable[str] = (), public: Iterable[str] = ()) -> None:
        self._public = _NO_VALUES | {word.lower() for word in public}
        self._given = frozenset(values)
        known = {value.strip() for value in self._given}
        known |= {line.strip() for value in known for line in value.splitlines()}
        known = {value for value in known if self._is_worth(value)}
        self._cores = tuple(dict.fromkeys(core for value in known for core in _cores(value)))
        known |= {form for value in known for form in _encodings(value)}
        # Longest first: one may be a prefix of another.
        long = sorted(known, key=lambda v: (-len(v), v))
        self._values = long
        self._known = re.compile("|".join(map(re.escape, long))) if long else None

    def knowing(self, values: Iterable[str]) -> Mask:
        """Return a mask with additional values."""
        more = self._given.union(values)
        return self if more == self._given else Mask(more, self._public)

    def text(self, text: str) -> str:
        """Return text without its secrets, keeping its lines."""
        if self._known is not None and _has_any(text, self._values):
            text = self._known.sub(MASK, text)
        if self._cores and _has_any(text, self._cores):
            text = _RUN.sub(self._without_core, text)
        low = text.lower()
        if _CUT in text:
            text = _FORMS_CUT.sub(MASK, self._without_cut(text))
        if "private key" in low:
            text = _PEM.sub(_without_key, text)
        if "@" in text and "://" in text:
            text = _LOGIN.sub(_without_login, text)
        if "bearer" in low or "basic" in low or "authorization" in low:
            text = _HEADER.sub(rf"\g<kind>\g<gap>{MASK}", text)
        if _LONG_RUN.search(text):
            text = _TOKEN_RUN.sub(_without_token, text)
            if _ANY_START.search(text):
                text = _FORMS.sub(MASK, text)
        if _has_any(text, _PUBLIC_STARTS):
            text = _AFTER_START.sub(MASK, text)
        if _has_any(low, _NAMES) or (_has_any(low, _SHORT_NAMES) and _SHORT_NAME.search(text)):
            text = self._without_values(_NAMED, self._without_values(_FLAG, text))
        return text

    def raw(self, text: str) -> str:
        """Return a raw line of a log; one with a secret loses its colors."""
        if text.isascii() and text.isprintable():
            return self.text(text)
        # An escape sequence within a token would hide it from us, but not from a reader.
        clean = plain(text)
        shown = self.text(clean)
        return text if shown == clean else shown

    def lines(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return the lines without their secrets, including keys that span several lines."""
        return tuple(self.text("\n".join(found)).split("\n")) if (found := list(lines)) else ()

    def _without_cut(self, text: str) -> str:
        """Remove the rest of a known value at the end of truncated text."""
        parts = text.split(_CUT)
        for index, part in enumerate(parts[:-1]):
            for value in self._values:
                if left := _begun(value, part):
                    parts[index] = part[:-left] + MASK
                    break
        return _CUT.join(parts)

    def named(self, name: str, value: str) -> str:
        """Return the value of a variable or argument, masked if its name is a secret's."""
        return MASK if is_secret_name(name) and self._is_worth(value) else self.text(value)

    def whole(self, told: Any) -> Any:
        """Return decoded JSON with all text masked, values also by their names."""
        if isinstance(told, str):
            return self.text(told)
        if isinstance(told, dict):
            return {self.text(str(name)): self._under(str(name), one) for name, one in told.items()}
        if isinstance(told, list | tuple):
            if told and all(isinstance(one, str) for one in told):
                # Together: a key may span several lines of a log.
                return list(self.lines(_no_newlines(told)))
            return [self.whole(one) for one in told]
        return told

    def _under(self, name: str, value: Any) -> Any:
        return self.named(name, value) if isinstance(value, str) else self.whole(value)

    def _is_worth(self, value: str) -> bool:
        return len(value) >= SHORTEST_VALUE and value.lower() not in self._public

    def _without_core(self, match: re.Match[str]) -> str:
        return MASK if any(core in match[0] for core in self._cores) else match[0]

    def _without_values(self, pattern: re.Pattern[str], text: str) -> str:
        done, place, parts = 0, 0, []
        while match := pattern.search(text, place):
            # The value of a harmless name may contain a secret.
            place = match.end()
            if is_secret_name(match["name"]) and (value := _value(match)):
                quote = '\\"' if value[0] == "\\" else value[0] if value[0] in "\"'" else ""
                quote = quote if value.endswith(quote) and len(value) > 1 else ""
                if value.strip("\"'\\,;").lower() in self._public:
                    continue
                parts += [text[done:place], f"{quote}{MASK}{quote}"]
                done = place = place + len(value)
        return "".join([*parts, text[done:]])

    def start(self, text: str, name: str = "") -> str:
        """Return the beginning of untrusted text without its secrets.

        `name` is that of the variable or label whose value it is. Masking takes quadratic time, and
        only the beginning is ever shown.
        """
        cut = text if len(text) <= _LONGEST_START else text[:_LONGEST_START] + _CUT
        return self.named(name, cut)


def _has_any(text: str, words: Iterable[str]) -> bool:
    # A loop, because `any` takes twice as long, and this is called for each line of a log.
    for word in words:  # noqa: SIM110
        if word in text:
            return True
    return False


def masked(text: str) -> str:
    """Return text without what looks like a secret."""
    return Mask().text(text)


def _begun(value: str, text: str) -> int:
    """Return the length of a value's prefix at the end of a text; 0 if too short."""
    at = text.find(value[:_LEAST_CUT], max(0, len(text) - len(value)))
    while at >= 0 and not value.startswith(text[at:]):
        at = text.find(value[:_LEAST_CUT], at + 1)
    return len(text) - at if at >= 0 else 0


def _without_key(match: re.Match[str]) -> str:
    hidden = "\n".join(MASK if line.strip() else line for line in match["key"].split("\n"))
    return match["head"] + hidden + match["foot"]


def _without_login(match: re.Match[str]) -> str:
    # `ssh://git@host` has no secret; over HTTP, a name alone is usually a token.
    return f"{match['scheme']}{MASK}@" if _is_secret_login(match) else match[0]


def _is_secret_login(match: re.Match[str]) -> bool:
    return ":" in match["who"] or match["scheme"].lower().startswith("http")


def _no_newlines(lines: Iterable[str]) -> Iterator[str]:
    return (line.replace("\n", " ") for line in lines)


def _encodings(value: str) -> set[str]:
    """Return a value's encodings: percent-encoded, in JSON, quoted for a shell."""
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    escaped |= {value.replace("'", "'\"'\"'"), value.replace("'", "'\\''")}
    data = value.encode("utf-8", "replace")
    for safe in (_UNRESERVED, _UNRESERVED | {"/"}):
        percent = "".join(chr(c) if chr(c) in safe else f"%{c:02X}" for c in data)
        escaped |= {percent, percent.replace("%20", "+")}
        escaped.add(re.sub("%..", lambda found: found[0].lower(), percent))
    return escaped


def _cores(value: str) -> Iterator[str]:
    """Yield the Base64 characters for a text at each alignment."""
    data = value.encode("utf-8", "replace")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        # The characters at both ends include bits of the surrounding text.
        core = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _without_token(match: re.Match[str]) -> str:
    """Return a run of Base64, masked if it encodes a token at any alignment."""
    run = match[0]
    if run.islower() or run.isupper() or run.isdigit():
        return run
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    for skip in range(4):
        text = run[skip:]
        text = text[: len(text) - (len(text) % 4 == 1)]
        with contextlib.suppress(ValueError):
            decoded = base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
            if _ANY_START.search(decoded) and _FORMS.search(decoded):
                return MASK
    return match[0]


def _value(match: re.Match[str]) -> str:
    """Return the value after a name; '' if it is just prose."""
    name, join = match["name"], match["join"]
    found = _VALUE.match(match.string, match.end())
    if found is None or found[0].startswith(MASK):
        return ""
    value = found[0]
    if value[0] in "\"'\\":
        return value
    if value[0] == "=":
        return ""  # google-auth==2.62.2 is a version
    if not name.isupper() and (first := _FIRST.match(value)):
        value = first[0]
    # `unexpected token: foo`, but `password: foo` and `token: 8f1c22ab`.
    sure = ":" not in join or {word.lower() for word in WORDS.findall(name)} & _ALWAYS
    return value if sure or (len(value) >= 8 and any(c.isdigit() for c in value)) else ""


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    alone = _PAIR_ALONE.match(rest)
    for match in [alone] if alone else _PAIR.finditer(rest):
        value = match["value"].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        yield match["name"], value[1:-1] if quoted else value


KEY = b"PRIVATE KEY"
_BEGINS = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_OF_KEY = re.compile(
    rb"\s*(?:[A-Za-z0-9+/=]{1,200}|(?:Proc-Type|DEK-Info|Version|Comment): .{0,100})?\s*"
)
# The longest keys have about a hundred lines.
_MOST_LINES = 200


class KeyLines:
    """Masks the lines of a private key; `left` is how many more lines it may have."""

    def __init__(self) -> None:
        self._left = 0

    @property
    def is_within(self) -> bool:
        """Return whether the next line may be part of a key."""
        return self._left > 0

    def line(self, line: bytes) -> bytes:
        """Return the next line, or `***` if it is inside a key."""
        if KEY in line:
            self._left = _MOST_LINES * bool(_BEGINS.search(line) and b"-----END" not in line)
            return line
        if not self._left:
            return line
        self._left = self._left - 1 if _OF_KEY.fullmatch(line) else 0
        return b"***" if self._left and line.strip() else line
