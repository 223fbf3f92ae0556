"""Rows, groups and status words shared by all document formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.checks.verdict import SEVERITIES
from openhqm_tui.domain.formatting import (
    change_text,
    count_text,
    duration_text,
    percent_text,
    size_text,
)
from openhqm_tui.domain.run.status import (
    CHECK_FAILED,
    CUT_OFF,
    NOT_STARTED,
    RUN_TEXTS,
    STATUS_TEXTS,
    STOPPED,
    VERDICT_TEXTS,
)
from openhqm_tui.report.model import Case, Failure, Lane, Layer, Report, Step

NOT_MEASURED = "not measured"
MARKS = {answer.value: text.symbol for answer, text in VERDICT_TEXTS.items()}
OUTCOMES = {outcome: str(text) for outcome, text in RUN_TEXTS.items()}
_RESULTS = (*STATUS_TEXTS.values(), CHECK_FAILED, STOPPED, CUT_OFF, NOT_STARTED)
# The symbol of each possible result of a lane.
SYMBOLS = {text.word: text.symbol for text in _RESULTS}


def by_target(report: Report) -> dict[str, list[Lane]]:
    """Return the lanes of each target, in the order of the plan."""
    found: dict[str, list[Lane]] = {}
    for lane in report.lanes:
        found.setdefault(lane.target, []).append(lane)
    return found


def checks_of(report: Report) -> list[str]:
    """Return the names of all checks that ran, in order."""
    longest = sorted(report.lanes, key=lambda lane: -len(lane.cases))
    return list(dict.fromkeys(case.check for lane in longest for case in lane.cases))


def by_check(report: Report, check: str) -> list[Case]:
    """Return the results of a check on all images."""
    return [case for lane in report.lanes for case in lane.cases if case.check == check]


def case_of(lane: Lane, check: str) -> Case | None:
    """Return a lane's result of a check, or None if it didn't run."""
    return next((case for case in lane.cases if case.check == check), None)


def tally(cases: Iterable[Case]) -> str:
    """Return a summary of results: `8 of 8 pass`, `6 of 8 pass, 1 fail, 1 unknown`."""
    answers = Counter(case.answer for case in cases)
    if not answers:
        return "not run"
    parts = [f"{answers['pass']} of {answers.total()} pass"]
    parts += [f"{answers[name]} {name}" for name in SEVERITIES[:-1] if answers[name]]
    return ", ".join(parts)


def distinct_layers(report: Report) -> list[tuple[Layer, list[Lane]]]:
    """Return each distinct layer and its lanes, the most shared first, then the largest."""
    found: dict[str, tuple[Layer, list[Lane]]] = {}
    for lane in report.lanes:
        for layer in lane.layers or ():
            lanes = found.setdefault(layer.digest, (layer, []))[1]
            if lane not in lanes:
                lanes.append(lane)
    return sorted(found.values(), key=lambda one: (-len(one[1]), -one[0].bytes, one[0].digest))


def steps_of(report: Report, target: str) -> Sequence[Step]:
    """Return the steps of a target, including shared ones."""
    return [step for step in report.steps if target in step.targets]


def shared_bytes(lane: Lane) -> int | None:
    """Return the compressed bytes in layers that some, but not all images of its platform share.

    None: not measured.
    """
    if lane.layers is None or lane.own_bytes is None:
        return None
    whole = sum({layer.digest: layer.bytes for layer in lane.layers}.values())
    return whole - lane.own_bytes - (lane.common_bytes or 0)


def sharing_sentence(report: Report) -> str:
    """Return a sentence on the size without layer sharing; '' for a single image."""
    told = report.sizes
    if not told.total_bytes or told.unique_bytes is None:
        return ""
    if sum(lane.bytes is not None for lane in report.lanes) < 2:
        return ""
    if told.unique_bytes >= told.total_bytes:
        return " The images share no layers."
    part = percent_text(told.unique_bytes / told.total_bytes)
    total = size_text(told.total_bytes)
    return (
        f" Without layer sharing, the total would be {total}; sharing reduces it to {part} of that."
    )


def cache_sentence(report: Report) -> str:
    """Return a sentence on how many build steps were cached."""
    told = report.cache
    if not told.steps:
        return f"Hit rate: {NOT_MEASURED}; no build steps were recorded."
    steps = count_text(told.steps, "build step")
    verb = "was" if told.steps == 1 else "were"
    return f"{told.cached} of {steps} {verb} cached ({percent_text(told.rate)})."


def built_in(report: Report, lane: Lane) -> float | None:
    """Return the build time of a lane's target in seconds; None: not measured."""
    told = (target.build_seconds for target in report.targets if target.name == lane.target)
    return next(told, None)


def slowest_check(report: Report, target: str, ran: str) -> float | None:
    """Return the longest check time of a target's native or emulated images, in seconds."""
    told = [
        lane.check_seconds
        for lane in report.lanes
        if lane.target == target and lane.ran == ran and lane.check_seconds is not None
    ]
    return max(told, default=None)


Code = Callable[[str], str]

TARGET_HEAD = (
    *("target", "build", "all steps", "critical path", "cached steps"),
    *("native checks", "emulated checks"),
)
CACHE_HEAD = ("target", "steps", "cached", "hit rate")
PAIR_HEAD = ("target", "first platform", "second platform", "difference")
PUSH_HEAD = ("tag", "result", "digest or reason")


def target_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return the times of each target."""
    return [
        (
            code(target.name),
            duration_text(target.build_seconds),
            duration_text(target.busy_seconds),
            duration_text(target.path_seconds),
            f"{target.cached_steps} of {target.steps}",
            duration_text(slowest_check(report, target.name, "native")),
            duration_text(slowest_check(report, target.name, "emulated")),
        )
        for target in report.targets
    ]


def cache_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return the cache hits of each target."""
    return [
        (
            code(target.name),
            str(target.steps),
            str(target.cached_steps),
            percent_text(target.cached_steps / target.steps if target.steps else None),
        )
        for target in report.targets
    ]


def size_cells(lane: Lane) -> tuple[str, ...]:
    """Return sizes: compressed, relative to `all`, in all, in some, only this image, on disk."""
    return (
        size_text(lane.bytes),
        percent_text(lane.against_all),
        size_text(lane.common_bytes),
        size_text(shared_bytes(lane)),
        size_text(lane.own_bytes),
        size_text(lane.unpacked_bytes),
    )


def pair_rows(report: Report, code: Code, platform: Code = str) -> list[tuple[str, ...]]:
    """Return each target's sizes on two platforms and their difference."""
    return [
        (
            code(one.target),
            f"{platform(one.first)} {size_text(one.first_bytes)}",
            f"{platform(one.second)} {size_text(one.second_bytes)}",
            change_text(one.ratio),
        )
        for one in report.sizes.platforms
    ]


def push_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return which tags were pushed."""
    # A failed push may have moved a tag before it could be confirmed: never "not pushed".
    words = {"passed": "✓ pushed", "": "− not pushed", "cancelled": "⊘ cancelled"}
    return [
        (
            code(tag),
            words.get(target.pushed, "✗ failed"),
            code(target.digest if target.pushed == "passed" else target.push_reason),
        )
        for target in report.targets
        for tag in target.tags
    ]


def failure_rows(failure: Failure, code: Code) -> list[tuple[str, str]]:
    """Return the known facts of a failure, by label."""
    facts = (
        ("reason", failure.reason),
        ("stage", failure.stage),
        ("step", short_title(failure.step)),
        ("line", failure.where),
        ("fix", failure.hint),
        ("log", failure.log_file),
    )
    return [(name, code(value)) for name, value in facts if value]
