"""The choice of the base image, and why one can't be pulled."""

from __future__ import annotations

import json

import pytest

from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS as BOTH
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult
from openhqm_tui.engine.source.base_image import (
    BOOTSTRAPPED_BASE,
    UPSTREAM_BASE,
    check_pullable,
    choose_base,
)
from tests.engine.fakes import (
    AMD64,
    ARM64,
    OFFLINE,
    S390X,
    FakeRunner,
    runner,
)
from tests.engine.test_doctor import ABSENT


def test_an_explicit_base_image_is_used_without_a_check() -> None:
    run = runner()
    assert choose_base(BOTH, explicit="mine:1", run=run).ref == "mine:1"
    assert choose_base(BOTH, explicit="mine:1", run=run).mapped
    assert not choose_base(BOTH, explicit=UPSTREAM_BASE, run=run).mapped
    assert run.ran == []
    assert choose_base(BOTH, explicit=None, run=run).ref == UPSTREAM_BASE


def image(ref: str, *platforms: Platform) -> dict[str, CommandResult]:
    return {
        f"docker image inspect --platform {platform} --format {{{{.Os}}}}/{{{{.Architecture}}}} "
        f"{ref}": CommandResult(0, f"{platform}\n")
        for platform in platforms
    }


@pytest.mark.parametrize(
    ("local", "ref", "mapped"),
    [
        ({}, UPSTREAM_BASE, False),
        (image(BOOTSTRAPPED_BASE, AMD64, ARM64), BOOTSTRAPPED_BASE, True),
        (image(BOOTSTRAPPED_BASE, AMD64), UPSTREAM_BASE, False),
        (
            {**image(BOOTSTRAPPED_BASE, AMD64, ARM64), **image(UPSTREAM_BASE, AMD64)},
            BOOTSTRAPPED_BASE,
            True,
        ),
        (
            {**image(BOOTSTRAPPED_BASE, AMD64, ARM64), **image(UPSTREAM_BASE, AMD64, ARM64)},
            UPSTREAM_BASE,
            False,
        ),
    ],
)
def test_the_base_image_is_chosen_from_the_local_images(
    local: dict[str, CommandResult], ref: str, mapped: bool
) -> None:
    choice = choose_base(BOTH, explicit=None, run=FakeRunner({"docker image": ABSENT, **local}))
    assert (choice.ref, choice.mapped) == (ref, mapped)
    assert choice.reason


def test_an_older_engine_that_reports_one_platform_is_supported() -> None:
    old = FakeRunner(
        {
            "docker image inspect --platform": CommandResult(125, "", "unknown flag: --platform"),
            "docker image inspect --format": ABSENT,
            "docker image inspect --format {{.Os}}/{{.Architecture}} "
            + BOOTSTRAPPED_BASE: CommandResult(0, "linux/amd64\n"),
            "docker info": CommandResult(0, '[["driver-type","io.containerd.snapshotter.v1"]]'),
        }
    )
    assert choose_base(BOTH, explicit=None, run=old).ref == BOOTSTRAPPED_BASE
    old.table["docker info"] = CommandResult(0, '[["Backing Filesystem","extfs"]]')
    assert choose_base(BOTH, explicit=None, run=old).ref == UPSTREAM_BASE
    assert choose_base((AMD64,), explicit=None, run=old).ref == BOOTSTRAPPED_BASE


INDEX = json.dumps(
    {
        "manifests": [
            {"platform": {"os": "linux", "architecture": "amd64"}},
            {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"platform": {"os": "unknown", "architecture": "unknown"}},
        ]
    }
)


def test_the_platforms_of_a_pullable_image_are_read() -> None:
    result = check_pullable("r", run=FakeRunner({"docker": CommandResult(0, INDEX)}))
    assert result.reach is Reach.OK
    assert result.platforms == BOTH
    assert result.missing((AMD64, S390X)) == (S390X,)
    assert (
        check_pullable("r", run=FakeRunner({"docker": CommandResult(0, "{")})).reach is Reach.OTHER
    )


@pytest.mark.parametrize(
    ("outcome", "reach"),
    [
        (OFFLINE, Reach.NETWORK),
        (CommandResult(TIMED_OUT), Reach.NETWORK),
        (CommandResult(NOT_FOUND), Reach.OTHER),
        (
            CommandResult(1, "", "ERROR: tls: failed to verify certificate: x509: unknown"),
            Reach.TLS,
        ),
        (
            CommandResult(1, "", "ERROR: toomanyrequests: You have reached your pull limit"),
            Reach.RATE_LIMIT,
        ),
        (CommandResult(1, "", "ERROR: pull access denied, insufficient_scope"), Reach.AUTH),
        (CommandResult(1, "", "ERROR: unexpected status 401 Unauthorized"), Reach.AUTH),
        (CommandResult(1, "", "ERROR: docker.io/library/x:1: not found"), Reach.MISSING),
        (CommandResult(1, "", "ERROR: something new"), Reach.OTHER),
    ],
)
def test_the_reason_for_a_failed_pull_is_recognized(outcome: CommandResult, reach: Reach) -> None:
    result = check_pullable("x:1", run=FakeRunner({"docker": outcome}))
    assert result.reach is reach
    assert result.detail
    assert "\n" not in result.detail
