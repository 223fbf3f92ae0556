"""Rows of tables that every document has alike; `code` is how a format writes what isn't prose."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.report.grouping import shared_bytes, slowest_check
from openhqm_tui.report.model import Failure, Lane, Report
from openhqm_tui.report.words import change, megabytes, percent, took, weight

Code = Callable[[str], str]

TARGET_HEAD = (
    *("target", "build", "work of all steps", "on the critical path", "steps cached"),
    *("checks native", "checks emulated"),
)
CACHE_HEAD = ("target", "steps", "cached", "hit rate")
PAIR_HEAD = ("target", "first", "second", "difference")
PUSH_HEAD = ("tag", "result", "digest, or why not")


def target_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return how long each target took, and what for."""
    return [
        (
            code(target.name),
            took(target.build_seconds),
            took(target.busy_seconds),
            took(target.path_seconds),
            f"{target.cached_steps} of {target.steps}",
            took(slowest_check(report, target.name, "native")),
            took(slowest_check(report, target.name, "emulated")),
        )
        for target in report.targets
    ]


def cache_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return how many steps of each target were there already."""
    return [
        (
            code(target.name),
            str(target.steps),
            str(target.cached_steps),
            percent(target.cached_steps / target.steps if target.steps else None),
        )
        for target in report.targets
    ]


def size_cells(lane: Lane) -> tuple[str, ...]:
    """Return what an image weighs: compressed, against `all`, in all, in some, its own, on disk."""
    return (
        weight(lane.bytes),
        percent(lane.against_all),
        weight(lane.common_bytes),
        weight(shared_bytes(lane)),
        weight(lane.own_bytes),
        weight(lane.unpacked_bytes),
    )


def pair_rows(report: Report, code: Code, platform: Code = str) -> list[tuple[str, ...]]:
    """Return each target's weight on one platform against the other."""
    return [
        (
            code(one.target),
            f"{platform(one.first)} {megabytes(one.first_bytes)}",
            f"{platform(one.second)} {megabytes(one.second_bytes)}",
            change(one.ratio),
        )
        for one in report.sizes.platforms
    ]


def push_rows(report: Report, code: Code) -> list[tuple[str, ...]]:
    """Return which tags are in their registry, and which aren't."""
    words = {"passed": "✓ pushed", "": "− not pushed"}
    return [
        (
            code(tag),
            words.get(target.pushed, "✗ not pushed"),
            code(target.digest if target.pushed == "passed" else target.push_reason),
        )
        for target in report.targets
        for tag in target.tags
    ]


def failure_rows(failure: Failure, code: Code) -> list[tuple[str, str]]:
    """Return what is known of a failure, by name."""
    told = (
        ("stage", failure.stage),
        ("step", failure.step),
        ("line", failure.where),
        ("reason", failure.reason),
        ("hint", failure.hint),
        ("log", failure.log_file),
    )
    return [(name, code(value)) for name, value in told if value]
