"""The check `secrets`: secrets in an image's config, annotations and files, also deleted ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence, SeenConfig
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.verdict import Answer, Result

# Keys that come with documentation, tests and self-tests are public.
_USUAL = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/lib/*/libgnutls.*",
    "/usr/lib*/libgnutls.*",
    "*/site-packages/*/test/*",
    "*/site-packages/*/tests/*",
    "*/site-packages/*/testing/*",
    "*/dist-packages/*/test/*",
    "*/dist-packages/*/tests/*",
    "/usr/lib/*/tests/*",
    "*/lib/python[23]*/test/*",
    "*/node_modules/*/test/*",
    "*/node_modules/*/tests/*",
)
# Debian's package ssl-cert makes it for tests.
_SAMPLE_FILES = ("/etc/ssl/private/ssl-cert-snakeoil.key",)
_SAMPLE = "sample "


class _Secret(NamedTuple):
    """A secret: its place as `allow` names it, what it is, and where it was seen."""

    place: str
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what} in {self.where}"


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look everywhere that is known; a secret fails whatever else couldn't be read.

    Samples that are known to everyone only warn. What isn't a file is exempted as `env:NAME`,
    `label:NAME`, `annotation:NAME`, `history:NUMBER` (the first instruction being 1),
    `comment:NUMBER`, `author`, `entrypoint`, `command` and `health-check`.
    """
    config, contents = seen.config, seen.contents
    found = [] if config is None else list(_in_config(config))
    found += _in_values("annotation", "annotation", seen.annotations or {})
    for one in () if contents is None else contents.of(FileKind.SECRET):
        path, what = one.found.path, one.found.what
        sample = path in _SAMPLE_FILES and not what.startswith(_SAMPLE)
        later = ", deleted later" if one.deleted else ""
        where = f"{path} (layer {one.layer}{later})"
        found.append(_Secret(path, f"{_SAMPLE}{what}" if sample else what, where))
    found = [one for one in found if not exempt(CHECK, one.place, expected)]
    real = [one for one in found if not one.what.startswith(_SAMPLE)]
    if real:
        return Result.of(False, few(list(map(str, real))), "none", [one.place for one in real])
    if config is None or config.history is None or contents is None or seen.annotations is None:
        return Result(Answer.UNKNOWN, seen.why or "not everything could be examined", "none")
    if found:
        places = tuple(one.place for one in found)
        return Result(Answer.WARN, few(list(map(str, found))), "none", places)
    examined = f"{contents.layers} layers, {len(config.history)} instructions"
    return Result.of(True, f"none in {examined}", "none")


def _in_values(kind: str, shown: str, named: Mapping[str, str]) -> Iterator[_Secret]:
    from openhqm_tui.domain.secrets.detect import secret_in_value

    for name, value in named.items():
        if what := secret_in_value(name, value):
            yield _Secret(f"{kind}:{name}", what, f"{shown} {name}")


def _in_config(config: SeenConfig) -> Iterator[_Secret]:
    # Every start imports the checks; only the runner needs the patterns, which are slow to compile.
    from openhqm_tui.domain.secrets.detect import secrets_in_command, secrets_in_text

    variables = dict(line.partition("=")[::2] for line in config.env)
    yield from _in_values("env", "variable", variables)
    yield from _in_values("label", "label", config.labels)
    texts = [
        (f"history:{number}", f"instruction {number}", secrets_in_text(line))
        for number, line in enumerate(reversed(config.history or ()), 1)
    ]
    texts += [
        (f"comment:{number}", f"the comment of instruction {number}", secrets_in_text(line))
        for number, line in enumerate(reversed(config.comments), 1)
    ]
    texts += [
        ("author", "the author", secrets_in_text(config.author)),
        ("entrypoint", "the entrypoint", secrets_in_command(config.entrypoint)),
        ("command", "the command", secrets_in_command(config.cmd)),
        ("health-check", "the health check", secrets_in_command(config.health_check)),
    ]
    for place, shown, found in texts:
        yield from (_Secret(place, what, shown) for what in sorted(found))


def _hint(seen: str) -> str:
    if seen.startswith(_SAMPLE):
        return (
            "It is known to everyone: replace it if anything relies on it, else allow or waive it."
        )
    return (
        "A layer keeps what a later one deletes, so the secret is exposed: replace it, and pass "
        "the new one with RUN --mount=type=secret."
    )


CHECK = Check(
    name="secrets",
    position=110,
    short="sec",
    question="Are variables, history and files, even deleted ones, free of secrets?",
    hint=_hint,
    method=Method.LAYERS,
    exempts=True,
    usual=_USUAL,
    judge=judge,
)
