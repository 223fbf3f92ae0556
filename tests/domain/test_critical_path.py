"""The critical path: from the last step back to the one it waited for, and so on."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run.critical_path import Order, critical_path, load
from tests.domain.graphs import T0, S, target_of
from tests.recordings import recording, state_of

PATHS: dict[str, tuple[tuple[S, ...], str]] = {
    "nothing at all": ((), ""),
    "no step has started": ((S("a"), S("b", "a")), ""),
    "sequential steps": (
        (S("a", "", ((0, 1),)), S("b", "a", ((1, 3),)), S("c", "b", ((3, 4),))),
        "a b c",
    ),
    "the input that ended last": (
        (S("a", "", ((0, 1),)), S("b", "", ((0, 5),)), S("c", "a b", ((5, 6),))),
        "b c",
    ),
    "the branch that ended last": (
        (S("a", "", ((0, 1),)), S("b", "a", ((1, 9),)), S("c", "a", ((1, 3),))),
        "a b",
    ),
    "started long after its input": (
        (S("a", "", ((0, 1),)), S("b", "", ((0, 6),)), S("c", "a", ((7, 9),))),
        "a c",
    ),
    "solved twice: the last end counts": (
        (S("a", "", ((0, 1), (4, 6))), S("b", "", ((0, 5),)), S("c", "a b", ((6, 7),))),
        "a c",
    ),
    "an input that isn't in the stream": (
        (S("b", "gone", ((1, 2),)), S("c", "gone b", ((2, 3),))),
        "b c",
    ),
    "an input that never ran": (
        (S("a"), S("b", "", ((0, 1),)), S("c", "a b", ((1, 2),))),
        "b c",
    ),
    "a step that needs itself": ((S("a", "a", ((0, 1),)),), "a"),
    "a cycle": ((S("a", "b", ((0, 1),)), S("b", "a", ((1, 2),))), "a b"),
    "a cycle of cached steps": (
        (S("a", "b", ((1, 1),), cached=True), S("b", "a", ((1, 1),), cached=True)),
        "a b",
    ),
    "a step that still runs": (
        (S("a", "", ((0, 3),)), S("b", "a", ((3, None),)), S("c", "", ((0, 9),))),
        "a b",
    ),
    "the longest of several running steps": (
        (S("a", "", ((4, None),)), S("b", "", ((1, None),)), S("c", "", ((2, None),))),
        "b",
    ),
    "the failed step, not one cancelled after it": (
        (
            S("a", "", ((0, 1),)),
            S("b", "a", ((1, 3),), error="exit code: 7"),
            S("c", "a", ((1, 4),), error="context canceled"),
        ),
        "a b",
    ),
    "an export waits for all build steps": (
        (
            S("a", "", ((0, 4),)),
            S("b", "", ((0, 2),)),
            S("exporting to image", "", ((5, 6),)),
        ),
        "a exporting",
    ),
    "an export after another": (
        (
            S("a", "", ((0, 4),)),
            S("exporting to image", "", ((5, 6),)),
            S("exporting cache", "", ((6, 8),), digest="more"),
        ),
        "a exporting more",
    ),
    "a cached step counts as its inputs do": (
        # `old` was looked up late, but its result was ready long before `slow` ended.
        (
            S("old", "", ((8, 8),), cached=True),
            S("slow", "", ((0, 7),)),
            S("end", "old slow", ((8, 9),)),
        ),
        "slow end",
    ),
    "all cached": (
        (S("a", "", ((1, 1),), cached=True), S("b", "a", ((1, 1),), cached=True)),
        "a b",
    ),
    "shared work is listed once as run, once as cached": (
        (
            S("[core 1/1] RUN it", "", ((1, 9),), digest="ran"),
            S("[core 1/1] RUN it", "base", ((9, 9),), cached=True, digest="taken"),
            S("base", "", ((0, 1),)),
            S("end", "taken", ((9, 10),)),
        ),
        "ran taken end",
    ),
    "a step of the same name that ended later is not on the path": (
        (
            S("[core 1/1] RUN it", "", ((1, 9),), digest="ran"),
            S("[core 1/1] RUN it", "base", ((2, 2),), cached=True, digest="taken"),
            S("base", "", ((0, 1),)),
            S("end", "taken", ((9, 10),)),
        ),
        "base taken end",
    ),
}


@pytest.mark.parametrize(("steps", "path"), PATHS.values(), ids=PATHS)
def test_the_critical_path_of_a_graph(steps: tuple[S, ...], path: str) -> None:
    found = " ".join(critical_path(target_of(*steps)))
    if path == "a b" and not found.startswith("a"):
        found = " ".join(sorted(found.split()))  # a cycle has no start
    assert found == path


def labels(name: str, target: str, least: float) -> list[str]:
    state = state_of(recording(name)).targets[target]
    steps = [state.steps[digest] for digest in critical_path(state)]
    return [f"{s.name.stage} {s.name.index}".strip() for s in steps if s.busy(0) >= least]


@pytest.mark.parametrize(
    ("name", "target", "path"),
    [
        ("cold", "redis", ["cross 2", "lock 2", "core 1", "minimal-image 4", "0"]),
        ("cold", "all", ["cross 2", "lock 2", "core 1", "minimal-image 4", "0"]),
        ("failed", "redis", ["build 1", "build 2", "build 3"]),
        ("failed", "kafka", ["build 1", "build 2"]),
        ("cancelled", "gcp", ["build 1", "build 2", "build 3"]),
        ("warm", "redis", []),
    ],
)
def test_the_critical_path_of_recorded_runs(name: str, target: str, path: list[str]) -> None:
    assert labels(name, target, 0.5) == path


@pytest.mark.parametrize("target", ["all", "redis", "gcp", "minimal"])
def test_the_path_of_a_real_build_explains_nearly_all_of_its_time(target: str) -> None:
    state = state_of(recording("cold")).targets[target]
    sums = load(state, critical_path(state), 0)
    assert 0.85 < sums.on_path / sums.wall < 1
    assert sums.busy > sums.wall


def test_overlaps_count_once_on_the_path_and_fully_in_the_total() -> None:
    target = target_of(
        S("a", "", ((1, 4),)),
        S("b", "", ((0, 3),)),
        S("c", "a", ((3.5, 6),)),
        S("old", "", ((0, 0),), cached=True),
        end=8,
    )
    sums = load(target, critical_path(target), T0 + 99)
    assert critical_path(target) == ("a", "c")
    assert (sums.on_path, sums.wall, sums.busy) == pytest.approx((5, 8, 8.5))
    assert (sums.cached, sums.steps) == (1, 4)


def test_a_step_older_than_its_target_counts_from_the_targets_start() -> None:
    target = target_of(S("a", "", ((-5, 2),)), end=4)
    assert load(target, critical_path(target), T0).on_path == pytest.approx(2)


def test_a_running_step_counts_until_now() -> None:
    target = target_of(S("a", "", ((1, None),)))
    sums = load(target, critical_path(target), T0 + 7)
    assert (sums.on_path, sums.wall) == pytest.approx((6, 7))


def test_a_long_chain_of_cached_steps_is_followed() -> None:
    many = 5000
    steps = [S(f"s{n}", f"s{n - 1}" if n else "", ((1, 1),), cached=True) for n in range(many)]
    target = target_of(*steps, S("end", f"s{many - 1}", ((1, 2),)))
    assert len(critical_path(target)) == many + 1


def test_many_steps_of_one_name_are_ordered() -> None:
    ran = [S("[a 1/1] RUN it", "", ((0, 1),), digest=f"r{n}") for n in range(1500)]
    taken = [
        S("[a 1/1] RUN it", f"t{n - 1}", ((2, 2),), cached=True, digest=f"t{n}")
        for n in range(1500)
    ]
    order = Order(target_of(*ran, *taken))
    assert order.path()[-1].startswith("t")
