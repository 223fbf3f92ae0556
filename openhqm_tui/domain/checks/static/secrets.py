"""The check `secrets`: secrets in an image's config, annotations and files, also deleted ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look everywhere that is known; a secret fails whatever else couldn't be read.

    What isn't a file is exempted as `env:NAME`, `label:NAME`, `annotation:NAME`,
    `history:NUMBER` (the first instruction being 1), `comment:NUMBER`, `author`, `entrypoint`,
    `command` and `health-check`.
    """
    config, contents = seen.config, seen.contents
    found = [] if config is None else list(_in_config(config, expected))
    found += _in_values("annotation", "annotation", seen.annotations or {}, expected)
    for one in () if contents is None else contents.of(FileKind.SECRET):
        if not exempt(CHECK, one.found.path, expected):
            later = ", deleted later" if one.deleted else ""
            found.append(f"{one.found.what} in {one.found.path} (layer {one.layer}{later})")
    if found:
        return Result.of(False, few(found), "none")
    if config is None or config.history is None or contents is None or seen.annotations is None:
        return Result(Answer.UNKNOWN, seen.why or "not everything could be examined", "none")
    examined = f"{contents.layers} layers, {len(config.history)} instructions"
    return Result.of(True, f"none in {examined}", "none")


def _in_values(
    kind: str, place: str, named: Mapping[str, str], expected: Expectation
) -> Iterator[str]:
    from openhqm_tui.domain.secrets.detect import secret_in_value

    for name, value in named.items():
        what = secret_in_value(name, value)
        if what and not exempt(CHECK, f"{kind}:{name}", expected):
            yield f"{what} in {place} {name}"


def _in_config(config: SeenConfig, expected: Expectation) -> Iterator[str]:
    # Every start imports the checks; only the runner needs the patterns, which are slow to compile.
    from openhqm_tui.domain.secrets.detect import secrets_in_command, secrets_in_text

    variables = dict(line.partition("=")[::2] for line in config.env)
    yield from _in_values("env", "variable", variables, expected)
    yield from _in_values("label", "label", config.labels, expected)
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
        if found and not exempt(CHECK, place, expected):
            yield from (f"{what} in {shown}" for what in sorted(found))


CHECK = Check(
    name="secrets",
    position=110,
    short="sec",
    question="Are variables, history and files, even deleted ones, free of secrets?",
    hint="A layer keeps what a later one deletes, so the secret is exposed: replace it, and pass "
    "the new one with RUN --mount=type=secret.",
    method=Method.LAYERS,
    exempts=True,
    usual=_USUAL,
    judge=judge,
)
