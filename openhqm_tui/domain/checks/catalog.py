"""The catalog of checks: which exist, which an image gets, their verdicts and fixes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

import msgspec

from openhqm_tui.domain.checks import running, static
from openhqm_tui.domain.checks.check import Check, Group, Method
from openhqm_tui.domain.checks.evidence import Evidence, ProbeAnswer, ProbeTrouble
from openhqm_tui.domain.checks.expectation import ALLOW, STRICT, TITLE, Expectation
from openhqm_tui.domain.checks.verdict import Answer, Result, Verdict
from openhqm_tui.domain.checks.waiver import WAIVE, verdict_of
from openhqm_tui.domain.emulators import Emulator, crash_hint
from openhqm_tui.domain.remedies import remedy_for


def _found() -> dict[str, Check]:
    """Return the check of every module in the two folders, ordered by position."""
    names = [
        f"{package.__name__}.{module.name}"
        for package in (static, running)
        for module in iter_modules(package.__path__)
    ]
    checks: list[Check] = [import_module(name).CHECK for name in names]
    return {check.name: check for check in sorted(checks, key=lambda check: check.position)}


CHECKS = _found()
# The keys of the checks files, each once.
KEYS = {
    key.name: key
    for key in (
        *(TITLE, *(key for check in CHECKS.values() for key in check.keys)),
        *(ALLOW, WAIVE, STRICT),
    )
}
# The checks that look at files, some of which may be exempt.
EXEMPTING = tuple(check.name for check in CHECKS.values() if check.exempts)


def check_named(name: str) -> Check:
    """Return a check by its name; for a check of a newer version, only the name is known."""
    return CHECKS.get(name) or Check(
        name=name,
        position=0,
        short=name[:3],
        question="",
        hint="",
        method=Method.NOT_KNOWN,
        judge=lambda *_: None,
    )


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return checks in display order, without duplicates; those of a newer version come last."""
    given = dict.fromkeys(names)
    known = [name for name in CHECKS if name in given]
    return (*known, *(name for name in given if name not in CHECKS))


def checks_for(expected: Expectation, group: Group | None = None) -> tuple[str, ...]:
    """Return the checks of an image, in order, optionally of one group only.

    An image without expectations of its own gets the checks that apply to every image.
    """
    return tuple(
        name
        for name, check in CHECKS.items()
        if check.is_asked(expected) and group in {None, check.group}
    )


def only(names: Iterable[str], expected: Expectation) -> Expectation:
    """Return an expectation without the keys of the checks that run the image except `names`."""
    kept = {key.name for name in names for key in CHECKS[name].keys}
    others = [check for check in CHECKS.values() if check.group is Group.RUNNING]
    dropped = {key.name for check in others for key in check.keys} - kept
    keys = {name: value for name, value in expected.keys.items() if name not in dropped}
    return msgspec.structs.replace(expected, keys=keys)


def probe_arguments(expected: Expectation, *, emulated: bool) -> dict[str, str]:
    """Return the probe's arguments for the checks of an image, in the order of execution."""
    checks = [CHECKS[name] for name in checks_for(expected, Group.RUNNING)]
    arguments = sorted(check.probe for check in checks if check.probe is not None)
    told = {one.name: one.value(expected, emulated) for one in arguments}
    return {name: value for name, value in told.items() if value}


def judge(expected: Expectation, seen: Evidence, group: Group) -> list[Verdict]:
    """Return the verdicts of a group's checks; the probe's are in `judge_running`."""
    results = {name: CHECKS[name].judge(expected, seen) for name in checks_for(expected, group)}
    return [
        verdict_of(name, result or _NOT_REPORTED, expected, seen.today)
        for name, result in results.items()
    ]


_NOT_REPORTED = Result(Answer.UNKNOWN, "the container reported nothing")


def judge_running(
    expected: Expectation,
    probe: ProbeAnswer | ProbeTrouble,
    *,
    how: str = "",
    seen: Evidence = Evidence(),  # noqa: B008 - frozen
) -> list[Verdict]:
    """Return the verdicts on what the probe reported from inside the container.

    The first check without a report is the one that failed; the later ones weren't run. `seen` is
    what was read without running the image.
    """
    names = checks_for(expected, Group.RUNNING)
    if isinstance(probe, ProbeTrouble):
        return _without_report(expected, probe, seen, how)
    seen = msgspec.structs.replace(seen, probe=probe, emulated=how == "emulated")
    results = {name: CHECKS[name].judge(expected, seen) for name in names}
    trouble = probe.trouble or ProbeTrouble(reason=_NOT_REPORTED.seen)
    missing = sorted((name for name in names if results[name] is None), key=_turn)
    for name in missing:
        results[name] = Result(Answer.UNKNOWN, f"not checked: {trouble.reason}")
    if missing:
        results[missing[0]] = Result(trouble.answer, trouble.reason)
    return [
        _ran(how, verdict_of(name, result or _NOT_REPORTED, expected, seen.today))
        for name, result in results.items()
    ]


def _without_report(
    expected: Expectation, trouble: ProbeTrouble, seen: Evidence, how: str
) -> list[Verdict]:
    """Return the verdicts if the probe reported nothing: some checks don't need it.

    An image that has no Python and needs none gets no verdicts about it.
    """
    verdicts = []
    for name in checks_for(expected, Group.RUNNING):
        check = CHECKS[name]
        result = None if check.needs_python or seen.config is None else check.judge(expected, seen)
        if result is not None:
            verdicts.append(verdict_of(name, result, expected, seen.today))
        elif not trouble.no_python or (name == "python" and not expected.may_lack_python):
            result = Result(trouble.answer, trouble.reason)
            verdicts.append(_ran(how, verdict_of(name, result, expected, seen.today)))
        elif not expected.may_lack_python or any(key.asks_by_python for key in check.keys):
            # Nothing ran, so no emulator is to blame.
            result = Result(Answer.UNKNOWN, f"not checked: {trouble.reason}")
            verdicts.append(verdict_of(name, result, expected, seen.today))
    return verdicts


def _ran(how: str, verdict: Verdict) -> Verdict:
    return msgspec.structs.replace(verdict, how=how)


def _turn(name: str) -> int:
    argument = CHECKS[name].probe
    return argument.position if argument else 0


_EMULATED = (
    "The check ran under an emulator, which may be the cause: "
    "retry with a newer QEMU or on a native node."
)


def hint_of(verdict: Verdict, emulator: Emulator | None = None) -> str:
    """Return the usual fix for a verdict; '' if the check passed or was waived.

    `emulator` is the emulator that ran the image, if there was one and it is known. A check with
    the answer `unknown` found no fault in the image, so there is nothing to fix in it.
    """
    if verdict.answer in {Answer.PASS, Answer.WAIVED}:
        return ""
    # Some causes are recognized by their messages, whichever check reports them.
    remedy = remedy_for(verdict.evidence, "check")
    if remedy is not None and not (remedy.crashed and verdict.how == "native"):
        return crash_hint(emulator) if remedy.crashed else remedy.check
    if verdict.answer is Answer.UNKNOWN:
        return _EMULATED if verdict.how == "emulated" else ""
    hint = check_named(verdict.check).hint
    return hint if isinstance(hint, str) else hint(verdict.evidence)
