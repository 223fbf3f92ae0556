"""The image's own command as the probe starts and watches it, with this machine's Python."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenService
from openhqm_tui.run.checks import container
from tests.run.test_probe import NONCE, run

_SERVER = """
import http.server, os, sys
codes = [int(code) for code in sys.argv[2:]]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, self.headers["Host"], flush=True)
        code = codes.pop(0) if len(codes) > 1 else codes[0]
        if code == 1:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.9 and no HTTP at all, " + b"." * 64)
            return
        if code == 2:
            signal.pause()
        self.send_response(code)
        self.end_headers()
import signal
print("cwd", os.getcwd(), "group", os.getpgrp() == os.getpid(), end=" ")
print("stdin", sys.stdin.read(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(
    place: Path, port: int, *command: str, seconds: float = 30, status: int = 200
) -> SeenService:
    words = [f"service={port},{status},{seconds},/health?a=b,c", "--", *command]
    said = container.read_answer(run(place, *words, seconds=120), NONCE, patience=1, emulated=False)
    assert isinstance(said, ProbeAnswer), said
    assert said.clients == [], "the questions are asked all the same"
    assert said.service is not None
    return said.service


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_service_that_answers(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "200")
    assert (seen.status, seen.listens, seen.ended) == (200, True, False)
    assert 0 < seen.milliseconds < 30_000
    assert seen.cpu_milliseconds > 0
    assert f"cwd {tmp_path} group True stdin \n" in seen.words
    assert f"asked for /health?a=b,c 127.0.0.1:{port}" in seen.words


def test_it_is_ended_and_reaped(tmp_path: Path, port: int) -> None:
    code = f"import os; print('id', os.getpid(), flush=True)\n{_SERVER}"
    words = serve(tmp_path, port, *python(code), str(port), "200").words.split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(words[words.index("id") + 1]), 0)


def test_a_service_that_is_starting_is_waited_for(tmp_path: Path, port: int) -> None:
    assert serve(tmp_path, port, *python(_SERVER), str(port), "503", "503", "200").status == 200


def test_a_persistent_wrong_status_is_the_result(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "500", seconds=4)
    assert seen.status == 500
    assert 1000 <= seen.milliseconds < 4000


def test_another_status_may_be_the_right_one(tmp_path: Path, port: int) -> None:
    assert serve(tmp_path, port, *python(_SERVER), str(port), "404", status=404).status == 404


def test_a_reply_that_is_not_http_is_reported(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "1", seconds=2)
    assert seen.status == 0
    assert seen.reply.startswith("SSH-2.0-OpenSSH")
    assert len(seen.reply) == 64


def test_one_that_listens_and_is_silent(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "2", seconds=1)
    assert (seen.status, seen.listens, seen.ended) == (0, True, False)


def test_a_hanging_service_is_told_from_a_busy_one(tmp_path: Path, port: int) -> None:
    waits = serve(tmp_path, port, "sleep", "1000", seconds=0.5)
    works = serve(tmp_path, port, *python("while True: pass"), seconds=0.5)
    assert (waits.status, waits.listens, waits.ended) == (0, False, False)
    assert waits.cpu_milliseconds < works.cpu_milliseconds
    assert waits.milliseconds >= 500


@pytest.mark.parametrize(
    ("command", "code", "end", "says"),
    [
        (python("raise SystemExit('no broker')"), 1, 0, "no broker\n"),
        (python("import os; os._exit(3)"), 3, 0, ""),
        (python("import os; os.kill(os.getpid(), 11)"), 0, signal.SIGSEGV, ""),
        (("sh", "-c", "kill -PIPE $$"), 0, signal.SIGPIPE, ""),
        (("/nope",), 127, 0, "/nope: No such file or directory"),
        (("nope", "a"), 127, 0, "nope: No such file or directory"),
        (("/",), 127, 0, "/: Permission denied"),
        ((), 127, 0, "a command: No such file or directory"),
        (("sh", "-c", "exit 0"), 0, 0, ""),
    ],
)
def test_one_that_ends(
    tmp_path: Path, port: int, command: tuple[str, ...], code: int, end: int, says: str
) -> None:
    seen = serve(tmp_path, port, *command)
    assert seen.ended
    assert (seen.exit_code, seen.signal, seen.words) == (code, end, says)


def test_endless_output_is_read_in_pieces(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, "sh", "-c", "yes '\x1b]0;owned\x07'; exit 1", seconds=0.3)
    assert seen.status == 0
    assert len(seen.words) <= 2000
    assert not seen.ended


def test_closing_the_output_does_not_end_the_service(tmp_path: Path, port: int) -> None:
    quiet = "import os; null = os.open(os.devnull, os.O_RDWR); os.dup2(null, 1); os.dup2(null, 2)"
    seen = serve(tmp_path, port, *python(f"{quiet}\n{_SERVER}"), str(port), "200")
    assert (seen.status, seen.words) == (200, "")
