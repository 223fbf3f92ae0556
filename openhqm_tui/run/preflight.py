"""Every reason why a run can't work, found before it starts, in the doctor's words."""

from __future__ import annotations

from openhqm_tui.domain.findings import Finding
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.problems import EngineProblem
from openhqm_tui.engine.base_image import WILL_BE_PULLED, BaseChoice, Reach, check_pullable
from openhqm_tui.engine.doctor import diagnose
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.engine.machine import read_machine

_MEND = "`openhqm-tui doctor --fix` can mend it"


def check_engine(
    facts: EngineFacts, platforms: tuple[Platform, ...], *, many: bool, check: bool
) -> list[str]:
    """Raise EngineProblem for what would keep a run from working; return what to warn of.

    `many`: a target has several platforms; `check`: its images will be run.
    """
    if facts.error or facts.builder_error or facts.engine_too_old or facts.buildx_too_old:
        raise _in_the_doctors_words(facts, platforms)
    if not facts.buildx_version:
        raise _in_the_doctors_words(facts, platforms)
    if many and not facts.can_load_many_platforms:
        raise EngineProblem(
            "the engine's image store keeps one platform an image",
            fix=f"switch to the containerd image store ({_MEND}) or build one platform",
        )
    missing = [str(platform) for platform in platforms if facts.how(platform) == "none"]
    if missing and check:
        raise EngineProblem(
            f"no emulator here for {', '.join(missing)}, so its images can't be checked",
            fix=f"{_MEND}, or give --no-check",
        )
    return [f"no emulator here for {name}: a RUN step on it will fail" for name in missing]


def check_base(base: BaseChoice, platforms: tuple[Platform, ...]) -> None:
    """Ask the registry first: a build that can't get its base would fail late and eight times."""
    if base.reason != WILL_BE_PULLED:
        return
    answer = check_pullable(base.ref)
    ways_out = "give --base-image REF, or make one from Debian: `openhqm-tui doctor --fix`"
    if answer.reach is not Reach.OK:
        names = ", ".join(str(platform) for platform in platforms)
        raise EngineProblem(
            f"the base image can't be had for {names}: {answer.detail}", fix=ways_out
        )
    if lacking := answer.lacks(platforms):
        names = ", ".join(str(platform) for platform in lacking)
        raise EngineProblem(f"the base image {base.ref} isn't made for {names}", fix=ways_out)


def _in_the_doctors_words(facts: EngineFacts, platforms: tuple[Platform, ...]) -> EngineProblem:
    findings = diagnose(facts, read_machine(), platforms, deep=False)
    blocking = [finding for finding in findings if finding.blocks]
    if not blocking:
        return EngineProblem(facts.error or facts.builder_error or "the engine can't be used")
    ways_out = [_way_out(finding) for finding in blocking]
    if not facts.answers:
        ways_out.append("`openhqm-tui replay` shows a recorded run without an engine")
    return EngineProblem(
        "; ".join(dict.fromkeys(finding.detail for finding in blocking)),
        fix="; ".join(dict.fromkeys(ways_out)),
    )


def _way_out(finding: Finding) -> str:
    if finding.fixes:
        return _MEND
    return finding.advice or "see `openhqm-tui doctor`"
