"""Engine failures, recognized by the output of a real Buildx 0.29 with Engine 28.5."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.buildkit.rawjson import PlainText, SolveStatus, Vertex, VertexLog
from openhqm_tui.domain.failures.failure import Failure, engine_failure, failure_of
from openhqm_tui.domain.remedies import EngineFailureKind
from tests.domain.test_failures import RUN, digest, failing, step

EOF = "rpc error: code = Unavailable desc = error reading from server: EOF"
SOCKET = "unix:///tmp/engine/docker.sock"
# What was done to a real engine during a build, and what Buildx printed then.
RECORDED = [
    # dockerd killed, or stopped, in the middle of a step
    (f"ERROR: failed to receive status: {EOF}", EngineFailureKind.WENT_AWAY),
    # dockerd killed during an export
    (
        "ERROR: failed to solve: Unavailable: error reading from server: EOF",
        EngineFailureKind.WENT_AWAY,
    ),
    # dockerd killed while Buildx started
    (
        "ERROR: listing workers for Build: failed to list workers: Unavailable: "
        "error reading from server: EOF",
        EngineFailureKind.WENT_AWAY,
    ),
    # dockerd stopped while Buildx started
    (
        "ERROR: failed to dial gRPC: cannot connect to the Docker daemon. Is 'docker daemon' "
        "running on this host?: dial unix /tmp/engine/docker.sock: connect: "
        "no such file or directory",
        EngineFailureKind.NOT_THERE,
    ),
    # no dockerd, with its socket and without
    (
        f"ERROR: Cannot connect to the Docker daemon at {SOCKET}. Is the docker daemon running?",
        EngineFailureKind.NOT_THERE,
    ),
    # the engine's containerd killed
    (
        'ERROR: failed to solve: connection error: desc = "transport: Error while dialing: '
        'dial unix /tmp/engine/run/containerd.sock: connect: connection refused"',
        EngineFailureKind.STORE_WENT_AWAY,
    ),
    # the engine's disk full at the start, and during the export
    (
        "ERROR: failed to build: failed to solve: write /tmp/engine/root/containerd/"
        "io.containerd.metadata.v1.bolt/meta.db: no space left on device",
        EngineFailureKind.DISK_FULL,
    ),
    (
        "ERROR: failed to build: failed to solve: mount callback failed on /tmp/m/containerd-m42: "
        "failed to write compressed diff: failed to create diff tar stream: failed to copy: "
        "/tmp/m/big: write /tmp/engine/ingest/98e7/data: no space left on device",
        EngineFailureKind.DISK_FULL,
    ),
    ('ERROR: no builder "nope" found', EngineFailureKind.NO_BUILDER),
]


@pytest.mark.parametrize(("printed", "kind"), RECORDED)
def test_recorded_output_of_buildx_is_recognized(printed: str, kind: EngineFailureKind) -> None:
    found = engine_failure(printed)
    assert found is not None
    assert found.kind is kind
    assert found.words
    assert found.remedy


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        (
            "ERROR: failed to receive status: rpc error: code = Unavailable desc = closing "
            'transport due to: connection error: desc = "error reading from server: EOF", '
            'received prior goaway: code: NO_ERROR, debug data: "graceful_stop"',
            EngineFailureKind.WENT_AWAY,
        ),
        (
            "ERROR: failed to build: failed to solve: ResourceExhausted: failed to read "
            "dockerfile: failed to create temp dir: mkdir /var/lib/docker/tmp/buildkit-mount26: "
            "no space left on device",
            EngineFailureKind.DISK_FULL,
        ),
        (
            'ERROR: failed to solve: ResourceExhausted: process "/bin/sh -c x" did not complete '
            "successfully: cannot allocate memory",
            EngineFailureKind.NO_MEMORY,
        ),
        (
            'ERROR: process "/bin/sh -c x" did not complete successfully: exit code: 137',
            EngineFailureKind.NO_MEMORY,
        ),
        (
            "ERROR: Error response from daemon: No such container: buildx_buildkit_mine0",
            EngineFailureKind.NO_BUILDER,
        ),
    ],
)
def test_messages_from_bug_reports_are_recognized(printed: str, kind: EngineFailureKind) -> None:
    found = engine_failure(printed)
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    "printed",
    [
        "",
        'ERROR: failed to solve: process "/bin/sh -c x" did not complete successfully: '
        "exit code: 1",
        "ERROR: failed to solve: exit code: 13",
        "ERROR: failed to solve: python: failed to resolve source metadata for x: 503 Service "
        "Unavailable",
        "ERROR: failed to solve: python: dial tcp 10.0.0.1:443: connect: connection refused",
        "ERROR: failed to solve: failed to compute cache key: unexpected EOF",
        "ERROR: target redis: the builder is no good",
    ],
)
def test_a_failure_of_the_build_is_not_an_engine_failure(printed: str) -> None:
    assert engine_failure(printed) is None


@pytest.mark.parametrize(("code", "word"), [(-9, "SIGKILL"), (-15, "SIGTERM"), (-99, "signal 99")])
def test_a_killed_buildx_is_reported_with_its_signal(code: int, word: str) -> None:
    found = engine_failure("", code)
    assert found is not None
    assert found.kind is EngineFailureKind.BUILDX_KILLED
    assert word in found.words


def test_the_message_names_the_builder_if_one_is_selected() -> None:
    for printed in (f"ERROR: {EOF}", 'ERROR: no builder "mine" found'):
        found = engine_failure(printed, builder="mine")
        assert found is not None
        assert "the builder mine" in found.words
    unnamed = engine_failure(f"ERROR: {EOF}")
    assert unnamed is not None
    assert "the engine stopped responding" in unnamed.words


# -- in the digest ------------------------------------------------------------------------------


def trouble_of(failure: Failure) -> tuple[str, str]:
    return failure.trouble, failure.reason


def test_a_lost_engine_is_reported_with_a_fix_and_the_output_of_buildx() -> None:
    error = f"ERROR: failed to receive status: {EOF}"
    failure = digest(
        SolveStatus(vertexes=[Vertex("1", RUN)]), PlainText("before"), PlainText(error)
    )
    assert trouble_of(failure) == (
        "engine-went-away",
        "the engine stopped responding during the build: it was probably stopped, restarted or "
        "killed",
    )
    assert failure.hint == (
        "`openhqm-tui doctor` shows whether the engine is running again; "
        "then `openhqm-tui retry run redis`"
    )
    assert failure.log == ("before", error)


def test_a_full_disk_is_recognized_in_the_output_of_the_failed_step() -> None:
    output = SolveStatus(logs=[VertexLog("1", b"dd: /big: No space left on device\n35+0\n")])
    error = 'process "x" did not complete successfully: exit code: 1'
    failure = digest(step(RUN), output, step(RUN, error))
    assert trouble_of(failure) == ("engine-disk-full", "the disk is full (exit code 1)")
    assert "docker buildx prune" in failure.hint


def test_output_of_a_step_does_not_count_as_a_lost_engine() -> None:
    output = SolveStatus(logs=[VertexLog("1", f"client: {EOF}\n".encode())])
    error = 'process "x" did not complete successfully: exit code: 1'
    assert trouble_of(digest(step(RUN), output, step(RUN, error))) == (
        "",
        f"client: {EOF} (exit code 1)",
    )


def test_a_full_disk_in_another_step_is_not_the_reason() -> None:
    output = SolveStatus(logs=[VertexLog("2", b"No space left on device, but who cares\n")])
    other = step("[linux/arm64 core 1/3] RUN y", digest="2")
    assert trouble_of(digest(other, output, step(RUN, "exit code: 1")))[0] == ""


def test_a_killed_step_and_a_killed_buildx_have_their_reasons() -> None:
    error = 'process "x" did not complete successfully: exit code: 137'
    assert trouble_of(digest(step(RUN, error))) == (
        "no-memory",
        "the step was killed, probably out of memory (exit code 137)",
    )
    assert digest(code=-9).reason == "Buildx was killed (SIGKILL), by a user or the OOM killer"


def test_a_target_that_did_not_fail_has_no_failure() -> None:
    target = failing(PlainText(f"ERROR: {EOF}"))
    target.outcome = None
    assert failure_of(target) is None
