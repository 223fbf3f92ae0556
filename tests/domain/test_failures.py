"""Digests of failures: target, platform, stage, line, last output and fix."""

from __future__ import annotations

import msgspec
import pytest

from openhqm_tui.domain.buildkit.rawjson import (
    PlainText,
    SolveStatus,
    StreamDecoder,
    Vertex,
    VertexLog,
)
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.failures.failure import (
    Failure,
    failed_checks,
    failure_of,
    hint_for,
    text_log_of,
)
from openhqm_tui.domain.remedies import REMEDIES
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState, TargetState
from tests.recordings import NAMES, recording, state_of


def test_the_digest_of_a_recorded_failing_step_is_complete() -> None:
    failure = failure_of(state_of(recording("bake_fails")).targets["bad"])
    assert failure is not None
    assert (failure.target, failure.platform, failure.stage) == ("bad", "linux/amd64", "final")
    assert failure.step.startswith("final 3/4 RUN echo")
    assert failure.where == "Dockerfile:11"
    assert [line for line in failure.source if ">>>" in line] == [
        '  11 | >>> RUN echo "a failing step of $WHICH" && '
        'if [ "$WHICH" = bad ]; then echo oops >&2; exit 3; fi'
    ]
    assert len(failure.source) == 4
    assert failure.reason == "oops (exit code 3)"
    assert failure.log == ("a failing step of bad", "oops")
    assert failure.log_file == "bad.log"
    assert failure.hint == ""


def test_the_failed_platform_is_reported() -> None:
    failure = failure_of(state_of(recording("failed")).targets["kafka"])
    assert failure is not None
    assert (failure.platform, failure.stage) == ("linux/arm64", "build")
    assert (failure.where, failure.reason) == ("Dockerfile:6", "this is why (exit code 7)")
    assert failure.log == ("this is why",)


@pytest.mark.parametrize("name", NAMES)
def test_only_failed_targets_have_a_digest(name: str) -> None:
    for target in state_of(recording(name)).targets.values():
        assert (failure_of(target) is not None) is (target.outcome is Outcome.FAILED)


BOTH = ("linux/amd64", "linux/arm64")


def failing(
    *records: SolveStatus | PlainText,
    reason: str = "",
    code: int = 1,
    platforms: tuple[str, ...] = BOTH,
) -> TargetState:
    info = RunInfo(
        id="run",
        created=0.0,
        targets=(TargetInfo(name="redis", variant="redis", platforms=platforms),),
        host="linux/amd64",
    )
    state = RunState(info)
    state.apply_event(
        events.TargetStarted(at=0.0, target="redis", attempt=1, stream="redis.rawjson")
    )
    state.apply_records("redis", records)
    state.apply_event(
        events.TargetEnded(
            at=1.0,
            target="redis",
            attempt=1,
            outcome=Outcome.FAILED,
            exit_code=code,
            reason=reason,
        )
    )
    return state.targets["redis"]


def digest(*records: SolveStatus | PlainText, reason: str = "", code: int = 1) -> Failure:
    failure = failure_of(failing(*records, reason=reason, code=code))
    assert failure is not None
    return failure


def step(name: str, error: str = "", digest: str = "1") -> SolveStatus:
    return SolveStatus(vertexes=[Vertex(digest, name, error=error)])


RUN = "[linux/arm64 core 2/3] RUN x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ERROR: failed to solve: nothing left", "nothing left"),
        ("ERROR: target redis: failed to solve: boom", "boom"),
        ("ERROR: failed to build: failed to solve: boom", "boom"),
        ("ERROR: boom", "boom"),
        ("ERROR: failed to solve: \x1b[31mred\x1b[0m", "red"),
    ],
)
def test_a_failure_without_a_step_has_the_error_of_buildx(text: str, reason: str) -> None:
    failure = digest(step("exporting to image"), PlainText("before"), PlainText(text))
    assert failure.reason == reason
    assert (failure.platform, failure.step, failure.where) == ("", "", "")
    assert failure.log == ("before",)


def test_a_failed_export_has_a_step_but_no_platform() -> None:
    failure = digest(step("exporting to image", "no space left on device"))
    assert (failure.platform, failure.step) == ("", "exporting to image")
    assert "prune" in failure.hint


def test_the_last_error_counts() -> None:
    texts = ("ERROR: first", "words", "ERROR: failed to solve: second")
    assert digest(*(PlainText(text) for text in texts)).reason == "second"


def test_a_failure_without_an_error_has_the_exit_code() -> None:
    assert digest(code=17).reason == "Buildx exited with code 17"
    assert digest(reason="[Errno 2] No such file: 'docker'").reason.startswith("[Errno 2]")


def test_the_first_failed_step_counts_not_the_cancelled_ones() -> None:
    failure = digest(
        step("[linux/amd64 core 2/3] RUN y", "x: context canceled", "0"),
        step(RUN, "did not complete successfully: exit code: 4", "1"),
        step("[linux/amd64 core 3/3] RUN z", "exit code: 5", "2"),
    )
    assert (failure.platform, failure.reason) == ("linux/arm64", "exit code 4")


def test_a_reason_without_an_exit_code_is_the_error_of_the_step() -> None:
    assert digest(step(RUN, "lstat /nope: no such file")).reason == "lstat /nope: no such file"


def test_the_log_is_the_sanitized_last_output_of_the_step() -> None:
    data = b"".join(b"%d\n" % n for n in range(100)) + b"\x1b]52;c;x\x07 last\n"
    failure = digest(
        step(RUN),
        step("[linux/arm64 core 1/3] RUN w", digest="other"),
        SolveStatus(logs=[VertexLog("1", data)]),
        SolveStatus(logs=[VertexLog("other", b"another step's\n")]),
        step(RUN, "exit code: 1"),
    )
    assert failure.log == (*(str(n) for n in range(89, 100)), " last")


@pytest.mark.parametrize(
    ("texts", "where", "source"),
    [
        (["Dockerfile:3", "-----", "  3 | >>> x", "-----"], "Dockerfile:3", ("  3 | >>> x",)),
        (["a b/Dockerfile:3", "-----"], "a b/Dockerfile:3", ()),
        (["Dockerfile:3", "no rule"], "", ()),
        (["Dockerfile:3"], "", ()),
        (["note: see x", "-----"], "", ()),
        (["D\x1b[31m:3", "-----", "\x1b[2J3 |"], "D:3", ("3 |",)),
    ],
)
def test_the_excerpt_of_the_dockerfile_is_read_from_buildx(
    texts: list[str], where: str, source: tuple[str, ...]
) -> None:
    failure = digest(*(PlainText(text) for text in texts))
    assert (failure.where, failure.source) == (where, source)


def test_an_excerpt_without_an_end_is_cut() -> None:
    texts = ["Dockerfile:3", "-----", *("x" for _ in range(1000))]
    assert len(digest(*(PlainText(text) for text in texts)).source) < 50


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("dial tcp: lookup registry: no such host", "--base-image"),
        ("python:3.13-slim: failed to resolve source metadata for x", "--base-image"),
        ("429 Too Many Requests", "docker login"),
        ("toomanyrequests: limit", "docker login"),
        ("401 Unauthorized", "docker login REGISTRY"),
        ("pull access denied, repository does not exist", "doesn't exist, or needs a login"),
        ("denied: requested access", "doesn't exist, or needs a login"),
        ("write /x: no space left on device", "prune"),
        ("exec /bin/sh: exec format error", "doctor --fix"),
        ("x509: certificate signed by unknown authority", "--ca-bundle"),
        ("process x did not complete successfully: exit code: 137", "killed"),
        ("process x did not complete successfully: exit code: 139", "emulator"),
        ("qemu: uncaught target signal 11", "emulator"),
    ],
)
def test_known_errors_have_a_hint(error: str, word: str) -> None:
    assert word in hint_for(error)


def test_a_program_without_permission_is_not_a_missing_login() -> None:
    assert not hint_for('exec: "/run.sh": permission denied: unknown')


@pytest.mark.parametrize(
    "error", ["dial tcp: lookup registry: no such host", "toomanyrequests: limit"]
)
def test_an_option_that_a_definition_refuses_is_not_the_fix(error: str) -> None:
    assert "--base-image" in hint_for(error)
    hint = hint_for(error, own_base=True)
    assert hint
    assert "--base-image" not in hint


@pytest.mark.parametrize("error", ["", "exit code: 1", "syntax error"])
def test_unknown_errors_have_no_hint(error: str) -> None:
    assert hint_for(error) == ""


@pytest.mark.parametrize(
    ("stream", "log"),
    [("redis.rawjson", "redis.log"), ("redis.2.rawjson", "redis.2.log"), ("", "")],
)
def test_the_text_log_is_named_after_the_stream(stream: str, log: str) -> None:
    assert text_log_of(stream) == log


def test_an_inconclusive_check_counts_as_failed() -> None:
    target = failing()
    lane = next(iter(target.lanes.values()))
    lane.verdicts = tuple(Verdict(check=one.value, answer=one) for one in Answer)
    assert [verdict.check for verdict in failed_checks(lane)] == ["fail", "unknown"]


def test_a_failed_stream_cut_before_its_error_still_has_a_digest() -> None:
    data = (recording("bake_fails").path / "bad.rawjson").read_bytes()
    decoder = StreamDecoder()
    for size in range(0, len(data), 1999):
        records = [*StreamDecoder().feed(data[:size]), *decoder.close()]
        assert digest(*records).reason


@pytest.mark.parametrize(
    ("platform", "error", "log", "message"),
    [
        (
            "linux/amd64",
            "exit code: 255",
            "exec /b: exec format error",
            "a different platform than",
        ),
        ("linux/arm64", "exit code: 255", "exec /b: exec format error", "doctor --fix"),
        ("linux/arm64", "exit code: 1", "qemu: uncaught target signal 4", "QEMU 8.2.2"),
        ("linux/arm64", "exit code: 139", "", "QEMU 8.2.2"),
        # Native steps involve no emulator.
        ("linux/amd64", "exit code: 139", "", ""),
        (
            "linux/amd64",
            "exit code: 1",
            "certificate verify failed: self-signed",
            "--ca-bundle",
        ),
        ("linux/amd64", "exit code: 127", "/bin/sh: 1: apt-get: not found", "no apt-get"),
        # Where a shell runs, the platform's emulator works: only this program is foreign.
        (
            "linux/arm64",
            "exit code: 126",
            "/bin/sh: 1: tool: Exec format error",
            "a different platform than linux/arm64",
        ),
        ("linux/arm64", "exit code: 132", "Illegal instruction (core dumped)", "QEMU 8.2.2"),
        ("linux/amd64", "exit code: 132", "Illegal instruction (core dumped)", ""),
        ("linux/amd64", "exit code: 2", "make: *** [Makefile:2: all] Killed", "out of memory"),
        ("linux/amd64", "exit code: 1", "Killed", "out of memory"),
        (
            "linux/amd64",
            "exit code: 1",
            "gcc: fatal error: Killed signal terminated program cc1plus",
            "out of memory",
        ),
        ("linux/amd64", "exit code: 2", "sh: 1: Cannot fork: Cannot allocate memory", "memory"),
        ("linux/amd64", "exit code: 1", "cc1plus: out of memory allocating 64 bytes", "memory"),
        (
            "linux/amd64",
            "exit code: 134",
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            "NODE_OPTIONS",
        ),
        (
            "linux/amd64",
            "exit code: 1",
            "java.lang.OutOfMemoryError: Java heap space",
            "JAVA_TOOL_OPTIONS",
        ),
        ("linux/amd64", "exit code: 1", "3 workers were killed by the test", ""),
        ("linux/amd64", "exit code: 1", "write /x: no space left on device", "prune"),
        ("linux/amd64", "exit code: 1", "npm ERR! code ENOSPC", "prune"),
        ("linux/amd64", "exit code: 1", "npm error code SELF_SIGNED_CERT_IN_CHAIN", "--ca-bundle"),
        ("linux/amd64", "exit code: 2", "invalid peer certificate: UnknownIssuer", "--ca-bundle"),
        (
            "linux/amd64",
            "exit code: 60",
            "curl: (60) SSL certificate problem: unable to get local issuer certificate",
            "--ca-bundle",
        ),
        (
            "linux/amd64",
            "exit code: 128",
            "fatal: unable to access 'https://git.example/': server certificate verification "
            "failed. CAfile: none CRLfile: none",
            "--ca-bundle",
        ),
        (
            "linux/amd64",
            "exit code: 1",
            "go: example.com/x: tls: failed to verify certificate: x509: certificate signed by "
            "unknown authority",
            "--ca-bundle",
        ),
        (
            "linux/amd64",
            "exit code: 1",
            "PKIX path building failed: unable to find valid certification path",
            "--ca-bundle",
        ),
        ("linux/amd64", "exit code: 1", "issued a certificate for example.com", ""),
    ],
)
def test_an_error_only_in_the_log_of_a_step_has_a_hint(
    platform: str, error: str, log: str, message: str
) -> None:
    vertex = Vertex(
        digest="sha256:1",
        name=f"[{platform} app 2/2] RUN x",
        error=f"process did not complete successfully: {error}",
    )
    logs = [VertexLog(vertex="sha256:1", data=f"{log}\n".encode())] if log else []
    target = failing(SolveStatus(vertexes=[vertex]), SolveStatus(logs=logs))
    target.run.info = msgspec.structs.replace(
        target.run.info, emulators={"linux/arm64": Emulator(version="8.2.2")}
    )
    failure = failure_of(target)
    assert failure is not None
    assert message in failure.hint
    assert bool(message) is bool(failure.hint)


def test_a_sign_far_from_the_end_of_the_output_has_a_hint() -> None:
    output = "certificate verify failed\n" + "line\n" * 500
    failure = digest(
        step(RUN),
        SolveStatus(logs=[VertexLog("1", output.encode())]),
        step(RUN, "did not complete successfully: exit code: 1"),
    )
    assert failure.log == ("line",) * 12
    assert "--ca-bundle" in failure.hint


def test_every_remedy_has_signs_and_a_text() -> None:
    for remedy in REMEDIES:
        assert remedy.signs or remedy.pattern
        assert all(sign == sign.lower() for sign in remedy.signs)
        assert any(remedy[2:]), remedy
