"""Overrides: what Buildx is given, and what is applied to the targets that it prints."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.domain.plan.overrides import NO_OVERRIDES, Overrides

MARK = "_openhqm-output-0"


@pytest.mark.parametrize(
    ("word", "flag", "printed", "applied"),
    [
        (
            "--set=app.output=type=tar,dest=o.tar",
            f"--set=app.output=type=local,dest={MARK}",
            [{"type": "local", "dest": MARK}],
            [{"type": "tar", "dest": "o.tar"}],
        ),
        (
            "--set=*.output+=type=docker,dest=o",
            f"--set=*.output+=type=local,dest={MARK}",
            [{"type": "cacheonly"}, {"type": "local", "dest": MARK}],
            [{"type": "cacheonly"}, {"type": "docker", "dest": "o"}],
        ),
        *(
            (word, word, [{"type": "local", "dest": "out"}], [{"type": "local", "dest": "out"}])
            for word in (
                *("--set=a.output=out", "--set=a.output=type=docker", "--set=a.args.output=tar"),
                *("--set=a.output=type=registry,name=x", "--no-cache", "--provenance=mode=max"),
            )
        ),
    ],
)
def test_an_output_to_a_file_is_marked_for_buildx(
    word: str, flag: str, printed: list[Any], applied: list[Any]
) -> None:
    overrides = Overrides((word,))
    assert overrides.flags == (flag,)
    assert overrides.applied({"app": {"output": printed}}) == {"app": {"output": applied}}


@pytest.mark.parametrize(
    ("target", "outputs"),
    [("app", [{"type": "local", "dest": "out"}, {"type": "cacheonly"}]), ("web", [])],
)
def test_outputs_are_appended_to_the_targets_that_match(target: str, outputs: list[Any]) -> None:
    words = (
        *("--set=app.output+=out", "--set=[^w]*.output+=type=cacheonly", "--pull"),
        *("--set=*.output=type=docker", "--set=*.args.output+=x"),
    )
    assert Overrides(words).appended_outputs(target) == outputs


def test_a_mark_in_a_definition_has_no_meaning() -> None:
    for mark in ("_openhqm-output-0", "_openhqm-output-9", "_openhqm-output-", "_openhqm-output-x"):
        bodies = {"app": {"output": [{"type": "local", "dest": mark}]}}
        assert NO_OVERRIDES.applied(bodies) == bodies
        assert Overrides(("--no-cache", "--set=a.output=out")).applied(bodies) == bodies


def test_attributes_are_set_in_every_target() -> None:
    overrides = Overrides(attributes={"network": "none"})
    bodies: dict[str, dict[str, Any]] = {"a": {"network": "host", "pull": True}, "b": {}}
    changed = {"a": {"network": "none", "pull": True}, "b": {"network": "none"}}
    assert overrides.applied(bodies) == changed
    assert overrides
    assert not NO_OVERRIDES
    assert NO_OVERRIDES.applied(bodies) == bodies
