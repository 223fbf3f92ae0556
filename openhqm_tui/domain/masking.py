"""Secrets taken out of what is kept or shown: known values, telling names, tokens by their form.

What is masked can't be had back, so nothing that a build needs goes through here: only what
people are to read (reports, history). A secret in a form of its own, under a name that says
nothing, can't be known; who has its value can give it to `Mask`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

MASK = "***"

# A shorter value would be found in half of all words.
_SHORTEST_VALUE = 5

_ALONE = frozenset(
    {"password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "secrets", "token"}
    | {"tokens", "credential", "credentials", "apikey", "pat", "jwt", "sas", "sig", "bearer"}
    | {"authorization", "cookie"}
)
# `CACHE_KEY` is none of a lock; these are.
_OF_KEYS = frozenset(
    {"api", "private", "access", "account", "deploy", "encryption", "license", "master", "secret"}
    | {"shared", "signing", "ssh", "storage", "host", "service", "app", "client"}
)
# `TOKEN_FILE` tells where a secret is, not what it is.
_PLACES = frozenset({"file", "path", "dir", "name", "type", "length", "ttl", "mode", "count"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# `REQUIRE_AUTH=false` gives nothing away, and the word stands everywhere.
_NO_VALUES = frozenset({"true", "false", "none", "null", "enabled", "disabled", "required"})
_ALWAYS = frozenset({"password", "passwd", "passphrase", "pwd", "authorization"})

_NAMED = re.compile(
    r"""(?<![A-Za-z0-9_.])(?<![A-Za-z0-9_.]-)(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,99})"""
    r"""(?P<join>\\?["']?[ \t]{0,8}[=:][ \t]{0,8})"""
)
_FLAG = re.compile(r"(?<=--)(?P<name>[A-Za-z][A-Za-z0-9-]{0,99})(?P<join>[ \t]{1,8})")
# What is quoted ends with its quote, where it is written in JSON inside of JSON too.
_VALUE = re.compile(r"""\\"[^"\n]*"|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|["'].*|\S+""")
# Where names are in lower case, others may follow: `?sig=…&page=2`, `AccountKey=…;Endpoint=…`.
_FIRST = re.compile(r"[^\s\"'&;,]+")
_LOGIN = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://)(?P<who>[^\s/@?#\"']{1,2000})@")
_HEADER = re.compile(r"(?i)\b(?P<kind>bearer|basic)(?P<gap>[ \t]+)[A-Za-z0-9._~+/=-]{8,}")
_FORMS = re.compile(
    r"\b(?:"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|rt)-[A-Za-z0-9_-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"
    r"|sk-[A-Za-z0-9_-]{20,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|AGE-SECRET-KEY-1[0-9A-Z]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r")|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]+"
)
# Who cut a text has left the beginning of what stood at its end.
_CUT = "…"
_FORMS_CUT = re.compile(
    r"\b(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt)-|AKIA|ASIA|AIza|ya29\.|xox[abeoprs]-|xapp-"
    r"|sk-|[rs]k_(?:live|test)_|npm_|pypi-|hf_|dckr_pat_|SG\.|AGE-SECRET-KEY-1|eyJ)"
    rf"[A-Za-z0-9_.-]*(?={_CUT})"
)
_LEAST_CUT = 3
# Letters of a stranger's text that are looked at, more than is shown of any; values that are
# looked for in each.
_LONGEST_START = 2048
_MOST_VALUES = 100
_PEM = re.compile(
    r"(?P<head>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)"
    r"(?P<key>.*?)(?P<foot>-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable, an argument or a field of that name is likely to hold a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _PLACES:
        return False
    pairs = pairwise(words)
    return (
        not _ALONE.isdisjoint(words)
        or words[-1] == "auth"
        or any(second == "key" and first in _OF_KEYS for first, second in pairs)
    )


def secret_values(named: Mapping[str, str]) -> set[str]:
    """Return the values that stand under secrets' names, to be masked wherever else they are."""
    return {
        value
        for name, value in named.items()
        if is_secret_name(name) and value.lower() not in _NO_VALUES
    }


def config_secrets(env: Iterable[str], labels: Mapping[str, str]) -> set[str]:
    """Return the secrets' values of an image's config: of `NAME=value` lines, and of labels.

    Anybody may write a config, so there is an end to them.
    """
    named = dict(line.partition("=")[::2] for line in env)
    found = sorted(secret_values(named) | secret_values(labels))
    return {value[:_LONGEST_START] for value in found[:_MOST_VALUES]}


def bake_secrets(bake: Mapping[str, object]) -> set[str]:
    """Return the secrets' values of all targets of a bake file, arguments and labels."""
    found: set[str] = set()
    targets = bake.get("target")
    for body in targets.values() if isinstance(targets, dict) else ():
        for part in ("args", "labels"):
            named = body.get(part) if isinstance(body, dict) else None
            if isinstance(named, dict):
                found |= secret_values({str(name): str(value) for name, value in named.items()})
    return found


class Mask:
    """Puts `***` in the place of secrets: of the given `values`, and of all that looks like one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value.strip() for value in values}
        known |= {line for value in known for line in value.splitlines()}
        # The longest first: one may be the beginning of another.
        long = sorted((v for v in known if len(v) >= _SHORTEST_VALUE), key=lambda v: (-len(v), v))
        self._values = long
        self._known = re.compile("|".join(map(re.escape, long))) if long else None

    def text(self, text: str) -> str:
        """Return a text of one or more lines without its secrets; it keeps its lines."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if _CUT in text:
            text = _FORMS_CUT.sub(MASK, self._without_cut(text))
        if "PRIVATE KEY" in text:
            text = _PEM.sub(_without_key, text)
        text = _LOGIN.sub(_without_login, text)
        text = _HEADER.sub(rf"\g<kind>\g<gap>{MASK}", text)
        text = _FORMS.sub(MASK, text)
        return _without_values(_NAMED, _without_values(_FLAG, text))

    def lines(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return as many lines without their secrets, also of a key that goes over several."""
        return tuple(self.text("\n".join(found)).split("\n")) if (found := list(lines)) else ()

    def _without_cut(self, text: str) -> str:
        """Take away what is left of a known value where a text was cut."""
        parts = text.split(_CUT)
        for index, part in enumerate(parts[:-1]):
            for value in self._values:
                if left := _begun(value, part):
                    parts[index] = part[:-left] + MASK
                    break
        return _CUT.join(parts)

    def named(self, name: str, value: str) -> str:
        """Return the value of a variable or an argument, masked where its name is a secret's."""
        return MASK if value and is_secret_name(name) else self.text(value)

    def start(self, text: str, name: str = "") -> str:
        """Return the beginning of a stranger's text of any length without its secrets.

        `name` is that of the variable or label whose value it is. Megabytes would take the square
        of their length, and nobody is shown as much.
        """
        cut = text if len(text) <= _LONGEST_START else text[:_LONGEST_START] + _CUT
        return self.named(name, cut)


def masked(text: str) -> str:
    """Return a text without what looks like a secret."""
    return Mask().text(text)


def _begun(value: str, text: str) -> int:
    """Return how many letters at the end of a text a value begins with; 0 where too few do."""
    at = text.find(value[:_LEAST_CUT], max(0, len(text) - len(value)))
    while at >= 0 and not value.startswith(text[at:]):
        at = text.find(value[:_LEAST_CUT], at + 1)
    return len(text) - at if at >= 0 else 0


def _without_key(match: re.Match[str]) -> str:
    hidden = "\n".join(MASK if line.strip() else line for line in match["key"].split("\n"))
    return match["head"] + hidden + match["foot"]


def _without_login(match: re.Match[str]) -> str:
    # `ssh://git@host` names nobody's secret; over HTTP a name alone is mostly a token.
    safe = ":" not in match["who"] and not match["scheme"].lower().startswith("http")
    return match[0] if safe else f"{match['scheme']}{MASK}@"


def _without_values(pattern: re.Pattern[str], text: str) -> str:
    done, place, parts = 0, 0, []
    while match := pattern.search(text, place):
        # What follows a name that isn't a secret's may hold one that is.
        place = match.end()
        if is_secret_name(match["name"]) and (value := _value(match)):
            quote = '\\"' if value[0] == "\\" else value[0] if value[0] in "\"'" else ""
            quote = quote if value.endswith(quote) and len(value) > 1 else ""
            parts += [text[done:place], f"{quote}{MASK}{quote}"]
            done = place = place + len(value)
    return "".join([*parts, text[done:]])


def _value(match: re.Match[str]) -> str:
    """Return the value that stands behind a name; '' where a sentence goes on there."""
    name, join = match["name"], match["join"]
    found = _VALUE.match(match.string, match.end())
    if found is None or found[0].startswith(MASK):
        return ""
    value = found[0]
    if value[0] in "\"'\\":
        return value
    if not name.isupper() and (first := _FIRST.match(value)):
        value = first[0]
    # `unexpected token: foo`, but `password: foo` and `token: 8f1c22ab`.
    sure = ":" not in join or {word.lower() for word in _WORDS.findall(name)} & _ALWAYS
    return value if sure or (len(value) >= 8 and any(c.isdigit() for c in value)) else ""
