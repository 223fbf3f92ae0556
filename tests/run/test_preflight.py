"""What is said before a run of an engine whose API is too old for the checks."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import EngineProblem
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.run.start.preflight import check_engine, check_publishing

ONE = parse_platforms("linux/amd64")
OLD = EngineFacts(
    server_version="28.0.4",
    buildx_version="0.29.1",
    host=ONE[0],
    containerd_store=True,
)


def test_an_engine_too_old_to_verify_is_warned_of() -> None:
    (warning,) = check_engine(OLD, ONE, many=False, check=True)
    assert warning.startswith("Docker Engine 28.0.4: its API is older than 1.49")
    assert "no image will count as verified" in warning
    assert check_engine(OLD, ONE, many=False, check=False) == []


def test_an_engine_too_old_to_verify_pushes_nothing_unless_it_may() -> None:
    with pytest.raises(EngineProblem, match=r"Docker Engine 28\.0\.4 can't verify any") as caught:
        check_publishing(OLD, push=True)
    assert "Docker Engine 28.1 or later" in caught.value.fix
    check_publishing(OLD, push=True, allow_unknown=True)
    check_publishing(OLD, push=False)
