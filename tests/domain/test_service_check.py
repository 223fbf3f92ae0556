"""What became of an image's own command, as a table of what was seen of it."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.evidence import SeenService
from openhqm_tui.domain.checks.running.service import Service, what_became_of
from openhqm_tui.domain.checks.verdict import Answer

P, F, U = Answer.PASS, Answer.FAIL, Answer.UNKNOWN
WANTED = Service()
RIGHT = "200 on :8000/health"
HINT = "a newer QEMU or a native node can tell"
QEMU = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
ERRNO = "Traceback …\nOSError: [Errno 30] Read-only file system: '/app/x'\n"


@pytest.mark.parametrize(
    ("seen", "native", "emulated", "says"),
    [
        (SeenService(status=200, milliseconds=412), P, P, f"{RIGHT} after 0.4 s"),
        (SeenService(status=200, milliseconds=12_400), P, P, f"{RIGHT} after 0:12"),
        (SeenService(status=500, words="boom\n"), F, F, "answers 500 on :8000/health: boom"),
        (SeenService(status=503), F, F, "answers 503 on :8000/health"),
        (SeenService(reply="SSH-2.0"), F, F, "answers on :8000/health, but not HTTP: SSH-2.0"),
        (SeenService(milliseconds=20_000), F, F, "no answer in 0:20"),
        (SeenService(milliseconds=20_000, words="a\n\nwaiting \n"), F, F, "in 0:20: waiting"),
        (
            SeenService(milliseconds=20_000, listens=True),
            F,
            F,
            "listens on :8000, but gives no answer in 0:20",
        ),
        (SeenService(milliseconds=20_000, cpu_milliseconds=1_500), F, F, "no answer in 0:20"),
        (SeenService(milliseconds=20_000, cpu_milliseconds=9_000), F, U, "no answer in 0:20"),
        (
            SeenService(ended=True, exit_code=3, words="no broker\n"),
            F,
            F,
            "ended with exit code 3: no broker",
        ),
        (SeenService(ended=True), F, F, "ended with exit code 0"),
        (SeenService(ended=True, signal=9), F, F, "killed by signal 9"),
        (SeenService(ended=True, signal=11), F, U, "signal 11"),
        (SeenService(ended=True, signal=4), F, U, "signal 4"),
        (SeenService(ended=True, exit_code=139), F, U, "exit code 139"),
        (SeenService(ended=True, exit_code=1, words=QEMU), F, U, "uncaught target signal 11"),
        (
            SeenService(ended=True, signal=9, out_of_memory=1),
            F,
            F,
            "killed: out of memory (limit 512 MB)",
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
def test_it_is_told_in_a_line(
    seen: SeenService, native: Answer, emulated: Answer, says: str
) -> None:
    for how, answer in ((False, native), (True, emulated)):
        told = what_became_of(WANTED, seen, emulated=how)
        assert told.answer is answer
        assert says in told.seen
        assert told.expected == RIGHT
        assert answer is not U or HINT in told.seen or "emulation may be too slow" in told.seen


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("sh: 1: cannot create /app/y: Read-only file system", "/app/y"),
        ("touch: cannot touch '/app/z': Read-only file system", "'/app/z'"),
        ("mkdir: can't create directory '/var/run/x': Read-only file system", "x'"),
        ("open /data/db: read-only file system", "/data/db"),
        ("Error: EROFS: Read-only file system", "its files"),
        ("[Errno 30] Read-only file system: 'a'\n[Errno 30] Read-only file system: 'b'", "b"),
        ("Read-only file system: '/\x1b[31mred\u202e'", "/red"),
    ],
)
def test_what_could_not_be_written_is_named(words: str, file: str) -> None:
    seen = SeenService(ended=True, exit_code=1, words=words)
    told = what_became_of(WANTED, seen, emulated=False)
    assert told.seen.startswith("could not write ")
    assert f"{file}: Read-only file system" in told.seen


def test_another_port_path_and_status() -> None:
    wanted = Service(port=80, path="/", status=404)
    told = what_became_of(wanted, SeenService(status=404, milliseconds=99), emulated=False)
    assert (told.answer, told.seen) == (P, "404 on :80/ after 0.0 s")
