"""Verdicts on the service that an image's command starts."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.evidence import SeenService
from openhqm_tui.domain.checks.running.service import (
    Service,
    is_overload_possible,
    what_became_of,
)
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect

P, F, U = Answer.PASS, Answer.FAIL, Answer.UNKNOWN
WANTED = Service()
ARM = parse_platform("arm64")
RIGHT = "200 on :8000/health"
HINT = "retry with a newer QEMU or on a native node"
DIED = "Waiting for child process [40]\nChild process [40] died\n"
QEMU = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
ERRNO = "Traceback …\nOSError: [Errno 30] Read-only file system: '/app/x'\n"


@pytest.mark.parametrize(
    ("seen", "native", "emulated", "message"),
    [
        (SeenService(status=200, milliseconds=412), P, P, f"{RIGHT} after 0.4 s"),
        (SeenService(status=200, milliseconds=12_400), P, P, f"{RIGHT} after 0:12"),
        (SeenService(status=500, words="boom\n"), F, F, "responded with 500 on :8000/health: boom"),
        (SeenService(status=503), F, F, "responded with 503 on :8000/health"),
        (
            SeenService(reply="SSH-2.0"),
            F,
            F,
            "responded on :8000/health, but not with HTTP: SSH-2.0",
        ),
        (SeenService(milliseconds=20_000), F, F, "no response within 0:20"),
        (SeenService(milliseconds=20_000, words="a\n\nwaiting \n"), F, F, "in 0:20: waiting"),
        (
            SeenService(milliseconds=20_000, listens=True),
            F,
            F,
            "listens on :8000, but doesn't respond within 0:20",
        ),
        (SeenService(milliseconds=20_000, cpu_milliseconds=1_500), F, F, "no response within 0:20"),
        (SeenService(milliseconds=20_000, cpu_milliseconds=9_000), F, U, "no response within 0:20"),
        (
            SeenService(ended=True, exit_code=3, words="no broker\n"),
            F,
            F,
            "exited with code 3: no broker",
        ),
        (
            SeenService(
                looping=True, restarts=9, cpu_milliseconds=50_000, words=DIED, milliseconds=53_000
            ),
            F,
            U,
            "Child process [40] died; processes keep exiting and restarting (9 in 0:53)",
        ),
        (
            SeenService(
                status=200, restarts=1, cpu_milliseconds=9_000, words=DIED, milliseconds=53_000
            ),
            F,
            U,
            "processes keep exiting and restarting (1 in ",
        ),
        (
            SeenService(
                looping=True, restarts=9, cpu_milliseconds=500, words=DIED, milliseconds=53_000
            ),
            F,
            F,
            "Child process [40] died",
        ),
        (
            SeenService(looping=True, restarts=9, cpu_milliseconds=50_000, words=ERRNO + DIED),
            F,
            F,
            "could not write",
        ),
        (
            SeenService(looping=True, cpu_milliseconds=50_000, words=f"KeyError: 1\n{DIED}"),
            F,
            F,
            "KeyError: 1; processes",
        ),
        (SeenService(ended=True), F, F, "exited with code 0"),
        (SeenService(ended=True, signal=9), F, F, "killed by signal 9"),
        (SeenService(ended=True, signal=11), F, U, "signal 11"),
        (SeenService(ended=True, signal=4), F, U, "signal 4"),
        (SeenService(ended=True, exit_code=139), F, U, "code 139"),
        (SeenService(ended=True, exit_code=1, words=QEMU), F, U, "uncaught target signal 11"),
        (
            SeenService(ended=True, signal=9, out_of_memory=1),
            F,
            F,
            "killed: out of memory (limit ",
        ),
        (SeenService(out_of_memory=3, milliseconds=20_000), F, F, "killed: out of memory"),
        (SeenService(status=200, refused_forks=9), F, F, "process limit of 128 reached"),
        (
            SeenService(ended=True, exit_code=1, words=ERRNO),
            F,
            F,
            "could not write /app/x: Read-only file system",
        ),
        (SeenService(status=500, words=ERRNO), F, F, "could not write /app/x"),
        (SeenService(status=200, words=ERRNO, milliseconds=1), P, P, f"{RIGHT} after 0.0 s"),
    ],
)
def test_the_outcome_of_the_command_decides_the_verdict(
    seen: SeenService, native: Answer, emulated: Answer, message: str
) -> None:
    for how, answer in ((False, native), (True, emulated)):
        result = what_became_of(WANTED, seen, emulated=how)
        assert result.answer is answer
        assert message in result.seen
        assert result.expected == RIGHT
        assert answer is not U or HINT in result.seen or "emulation may be too slow" in result.seen


@pytest.mark.parametrize(
    ("seen", "possible"),
    [
        (SeenService(looping=True, restarts=9), True),
        (SeenService(status=200, later=200, restarts=2), True),
        (SeenService(status=200, later=0), True),
        (SeenService(status=200, later=503), True),
        (SeenService(milliseconds=60_000, cpu_milliseconds=50_000), True),
        (SeenService(status=503, milliseconds=15_000, cpu_milliseconds=9_000), True),
        (SeenService(milliseconds=60_000, cpu_milliseconds=500), False),
        (SeenService(status=500, milliseconds=15_000, cpu_milliseconds=9_000), False),
        (SeenService(reply="SSH-2.0", milliseconds=15_000, cpu_milliseconds=9_000), False),
        (SeenService(ended=True, exit_code=1), False),
        (SeenService(status=200, later=0, ended=True), False),
        (SeenService(looping=True, words="ModuleNotFoundError: No module named 'x'"), False),
        (SeenService(looping=True, words=ERRNO), False),
        (SeenService(looping=True, words="WARNING: no plugin: ImportError: x"), True),
        (SeenService(looping=True, words="[Errno 111] connecting to localhost:6379"), False),
        (SeenService(looping=True, out_of_memory=1), False),
        (SeenService(looping=True, companion_trouble="no redis"), False),
        (None, False),
    ],
)
def test_failures_that_a_busy_machine_may_cause_are_recognized(
    seen: SeenService | None, possible: bool
) -> None:
    assert is_overload_possible(expect(ARM, service={}), seen) is possible
    assert not is_overload_possible(expect(ARM), seen)


REDIS = "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379.\n"
NEEDS_REDIS = "needs localhost:6379, where nothing listens: add a companion (`service.with`)"
WARNING = '{"error": "No module named \'x\'", "event": "SQS not available", "level": "warning"}'
UNNAMED = "ConnectionRefusedError: [Errno 111] Connection refused\n"


@pytest.mark.parametrize(
    ("seen", "answer", "message"),
    [
        (SeenService(words=REDIS), U, NEEDS_REDIS),
        (SeenService(ended=True, words=REDIS + "INFO: Stopping parent process\n"), U, NEEDS_REDIS),
        (SeenService(words="x", complaints=[REDIS]), U, NEEDS_REDIS),
        (SeenService(status=503, words=REDIS), U, NEEDS_REDIS),
        (SeenService(looping=True, restarts=8, words=REDIS), U, NEEDS_REDIS),
        # With its companion up, it is the image's fault.
        (SeenService(ended=True, words=REDIS, before=[6379]), F, "exited with code 0: redis."),
        (SeenService(words=REDIS, before=[6379]), F, "no response"),
        (SeenService(words=UNNAMED, before=[6379]), F, "no response"),
        (SeenService(words=UNNAMED), U, "needs another service (ConnectionRefusedError"),
        (SeenService(words="connect ECONNREFUSED 127.0.0.1:8000"), F, "no response"),
        (
            SeenService(words="dial tcp: lookup db: no such host", before=[6379]),
            U,
            "needs db, which can't be resolved here: add a companion (`service.with`)",
        ),
        (
            SeenService(words=f"{REDIS}getaddrinfo ENOTFOUND db db:5432"),
            U,
            "needs localhost:6379 and db:5432, which can't be reached here: add companions "
            "(`service.with`)",
        ),
        (
            SeenService(ended=True, exit_code=1, words=f"{REDIS}ImportError: no nope\n"),
            F,
            "exited with code 1: ImportError: no nope",
        ),
        (
            SeenService(
                ended=True,
                words=f"{REDIS}During handling of the above exception, another\nImportError: x\n",
            ),
            U,
            NEEDS_REDIS,
        ),
        (SeenService(words=f"{ERRNO}{REDIS}"), U, NEEDS_REDIS),
        (
            SeenService(looping=True, restarts=9, milliseconds=5000, words="KeyError: 'A'\nINFO x"),
            F,
            "KeyError: 'A'; processes keep exiting and restarting (9 in 5.0 s)",
        ),
        (
            SeenService(status=200, later=0, words="gone"),
            F,
            "responded with 200 once, then stopped responding: gone",
        ),
        (SeenService(status=200, later=503), F, "responded with 200 once, then with 503"),
        (
            SeenService(status=200, ended=True, exit_code=3, words="one"),
            F,
            "responded with 200 once, then exited with code 3: one",
        ),
        (
            SeenService(status=200, later=200, restarts=2, watched_milliseconds=1500),
            F,
            "no output; processes keep exiting and restarting (2 in 1.5 s)",
        ),
        (
            SeenService(looping=True, words=f"Child process [16] died\n{WARNING}"),
            F,
            "Child process [16] died; processes keep exiting",
        ),
        (
            SeenService(looping=True, words="WARNING: /x: Read-only file system\nKeyError: 'A'"),
            F,
            "KeyError: 'A'; processes keep exiting",
        ),
        (
            SeenService(ended=True, left=2),
            F,
            "the main process exited while others were still running",
        ),
        (SeenService(ended=True, exit_code=1, left=2), F, "exited with code 1"),
        (SeenService(milliseconds=9000, own_ports=[80]), F, "in 9.0 s; the service listens on :80"),
    ],
)
def test_the_reason_of_a_failing_service_is_recognized(
    seen: SeenService, answer: Answer, message: str
) -> None:
    result = what_became_of(WANTED, seen, emulated=False)
    assert result.answer is answer
    assert message in result.seen


@pytest.mark.parametrize(
    ("listen", "addresses", "answer"),
    [
        ("any", ["0.0.0.0"], P),
        ("any", ["127.0.0.1", "::"], P),
        ("any", [], P),
        ("any", ["127.0.0.1"], F),
        ("any", ["127.0.0.9", "::1"], F),
        ("loopback", ["127.0.0.1", "::1"], P),
        ("loopback", ["::"], F),
        ("unix:/tmp/web.sock", [], P),
    ],
)
def test_the_service_must_listen_on_the_expected_addresses(
    listen: str, addresses: list[str], answer: Answer
) -> None:
    seen = SeenService(status=200, later=200, addresses=addresses)
    result = what_became_of(Service(listen=listen), seen, emulated=False)
    assert result.answer is answer
    assert answer is P or "listens on" in result.seen


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("sh: 1: cannot create /app/y: Read-only file system", "/app/y"),
        ("touch: cannot touch '/app/z': Read-only file system", "'/app/z'"),
        ("mkdir: can't create directory '/var/run/x': Read-only file system", "x'"),
        ("open /data/db: read-only file system", "/data/db"),
        ("Error: EROFS: Read-only file system", "a file"),
        ("[Errno 30] Read-only file system: 'a'\n[Errno 30] Read-only file system: 'b'", "b"),
        ("Read-only file system: '/\x1b[31mred\u202e'", "/red"),
    ],
)
def test_a_file_that_could_not_be_written_is_named(words: str, file: str) -> None:
    seen = SeenService(ended=True, exit_code=1, words=words)
    result = what_became_of(WANTED, seen, emulated=False)
    assert result.seen.startswith("could not write ")
    assert f"{file}: Read-only file system" in result.seen


def test_another_port_path_and_status_can_be_expected() -> None:
    wanted = Service(port=80, path="/", status=404)
    result = what_became_of(wanted, SeenService(status=404, milliseconds=99), emulated=False)
    assert (result.answer, result.seen) == (P, "404 on :80/ after 0.0 s")
