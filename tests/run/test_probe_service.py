"""The image's own command, started and watched by the probe, with this machine's Python."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenService
from openhqm_tui.run.checks import container
from openhqm_tui.run.checks.probe_service import Service
from openhqm_tui.run.checks.probe_system import Tree
from tests.run.test_probe import NONCE, run
from tests.waiting import until

_SERVER = """
import http.server, os, sys
codes = [int(code) for code in sys.argv[2:]]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("requested", self.path, self.headers["Host"], flush=True)
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
# Responds with 200; the address and the serving code are formatted into it.
_SERVES = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response_only(200)
        self.end_headers()
class Server(http.server.HTTPServer):
    {family}
server = Server({address}, Handler)
{serve}
"""
_WORKERS = """
import os, sys
workers = set()
while True:
    while len(workers) < 2:
        workers.add(os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", {worker!r}], {{}}))
    workers.discard(os.wait()[0])
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(
    place: Path,
    port: int,
    *command: str,
    seconds: float = 30,
    status: int = 200,
    calm: float = 0,
    listen: str = "any",
) -> SeenService:
    service = f"service={port},{status},{seconds},{calm},{listen},/health?a=b,c"
    answer = report(place, service, *command)
    assert answer.health is None
    assert answer.service is not None
    return answer.service


def report(place: Path, service: str, *command: str, health: str = "health=0,0") -> ProbeAnswer:
    ended = run(place, service, health, "--", *command, seconds=120)
    answer = container.read_answer(ended, NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer), answer
    assert answer.clients == [], "the checks run anyway"
    return answer


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_responding_service_is_measured(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "200")
    assert (seen.status, seen.listens, seen.ended) == (200, True, False)
    assert 0 < seen.milliseconds < 30_000
    assert seen.cpu_milliseconds > 0
    assert f"cwd {tmp_path} group True stdin \n" in seen.words
    assert f"requested /health?a=b,c 127.0.0.1:{port}" in seen.words


def test_the_service_is_stopped_and_reaped(tmp_path: Path, port: int) -> None:
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


def test_another_status_may_be_expected(tmp_path: Path, port: int) -> None:
    assert serve(tmp_path, port, *python(_SERVER), str(port), "404", status=404).status == 404


def test_a_reply_that_is_not_http_is_reported(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "1", seconds=2)
    assert seen.status == 0
    assert seen.reply.startswith("SSH-2.0-OpenSSH")
    assert len(seen.reply) == 64


def test_a_listening_service_that_never_responds_is_reported(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *python(_SERVER), str(port), "2", seconds=1)
    assert (seen.status, seen.listens, seen.ended) == (0, True, False)


def test_a_hanging_service_is_distinguished_from_a_busy_one(tmp_path: Path, port: int) -> None:
    idle = serve(tmp_path, port, "sleep", "1000", seconds=0.5)
    busy = serve(tmp_path, port, *python("while True: pass"), seconds=0.5)
    assert (idle.status, idle.listens, idle.ended) == (0, False, False)
    assert idle.cpu_milliseconds < busy.cpu_milliseconds
    assert idle.milliseconds >= 500


@pytest.mark.parametrize(
    ("command", "code", "end", "message"),
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
def test_an_exiting_service_is_reported(
    tmp_path: Path, port: int, command: tuple[str, ...], code: int, end: int, message: str
) -> None:
    seen = serve(tmp_path, port, *command)
    assert seen.ended
    assert (seen.exit_code, seen.signal, seen.words) == (code, end, message)


def test_endless_output_is_read_in_pieces(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, "sh", "-c", "yes '\x1b]0;owned\x07'; exit 1", seconds=0.3)
    assert seen.status == 0
    assert len(seen.words) <= 8000
    assert not seen.ended


def test_closing_the_output_does_not_end_the_service(tmp_path: Path, port: int) -> None:
    quiet = "import os; null = os.open(os.devnull, os.O_RDWR); os.dup2(null, 1); os.dup2(null, 2)"
    seen = serve(tmp_path, port, *python(f"{quiet}\n{_SERVER}"), str(port), "200")
    assert (seen.status, seen.words) == (200, "")


def serves(serve: str, address: str, family: str = "pass") -> tuple[str, ...]:
    return python(_SERVES.format(serve=serve, address=address, family=family))


def test_a_service_is_requested_a_second_time(tmp_path: Path, port: int) -> None:
    seen = serve(tmp_path, port, *serves("server.serve_forever()", f"('', {port})"))
    assert (seen.status, seen.later, seen.ended, seen.restarts) == (200, 200, False, 0)
    assert (seen.addresses, seen.left) == (["0.0.0.0"], 1)


@pytest.mark.parametrize(
    ("address", "family", "addresses"),
    [
        ("('127.0.0.1', {port})", "pass", ["127.0.0.1"]),
        ("('127.0.0.9', {port})", "pass", ["127.0.0.9"]),
        ("('::1', {port})", "address_family = 10", ["::1"]),
        ("('::', {port})", "address_family = 10", ["::"]),
    ],
)
def test_the_listening_addresses_are_reported(
    tmp_path: Path, port: int, address: str, family: str, addresses: list[str]
) -> None:
    command = serves("server.serve_forever()", address.format(port=port), family)
    seen = serve(tmp_path, port, *command)
    assert (seen.status, seen.later, seen.addresses) == (200, 200, addresses)


def test_a_service_may_listen_on_a_unix_socket(tmp_path: Path, port: int) -> None:
    family = "address_family = 1; server_bind = lambda self: self.socket.bind('web.sock')"
    command = serves("server.serve_forever()", "''", family)
    seen = serve(tmp_path, port, *command, listen=f"unix:{tmp_path}/web.sock")
    assert (seen.status, seen.later, seen.addresses) == (200, 200, [])


def test_a_service_that_exits_after_its_first_response_is_reported(
    tmp_path: Path, port: int
) -> None:
    command = serves("server.handle_request(); sys.exit('one is enough')", f"('', {port})")
    seen = serve(tmp_path, port, *command)
    assert (seen.status, seen.ended, seen.exit_code) == (200, True, 1)
    assert seen.words.endswith("one is enough\n")


def test_a_service_that_closes_its_port_after_its_first_response_is_reported(
    tmp_path: Path, port: int
) -> None:
    once = "server.handle_request(); server.server_close(); time.sleep(1000)"
    seen = serve(tmp_path, port, *serves(once, f"('', {port})"))
    assert (seen.status, seen.later, seen.ended) == (200, 0, False)


@pytest.mark.parametrize("calm", [0, 0.5])
def test_workers_that_exit_after_each_response_are_reported(
    tmp_path: Path, port: int, calm: float
) -> None:
    flap = "while True:\n    os.fork() or sys.exit(server.handle_request())\n    os.wait()"
    seen = serve(tmp_path, port, *serves(flap, f"('', {port})"), calm=calm)
    assert (seen.status, seen.ended) == (200, False)
    assert seen.restarts >= 1


_ONE_EXITS = """
if not os.fork():
    server.handle_request()
    open("served", "w")
    server.serve_forever()
while True:
    if not os.fork():
        while not os.path.exists("served"):
            time.sleep(0.01)
        if not os.path.exists("exited"):
            open("exited", "w")
            sys.exit()
        server.serve_forever()
    os.wait()
"""


@pytest.mark.parametrize("calm", [0, 0.5])
def test_under_emulation_a_worker_may_be_restarted_until_all_of_them_last(
    tmp_path: Path, port: int, calm: float
) -> None:
    seen = serve(tmp_path, port, *serves(_ONE_EXITS, f"('', {port})"), calm=calm)
    assert (seen.status, seen.later, seen.ended) == (200, 200, False)
    assert seen.restarts == (0 if calm else 1)


def test_a_daemon_left_behind_is_reported_and_killed(tmp_path: Path, port: int) -> None:
    daemon = "os.fork() and os._exit(0)\nos.setsid()\nserver.serve_forever()"
    seen = serve(tmp_path, port, *serves(daemon, f"('', {port})"))
    assert (seen.ended, seen.exit_code, seen.left) == (True, 0, 1)
    until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) != 0, "it is killed")


@pytest.mark.parametrize(
    "command",
    [
        python(
            _WORKERS.format(worker="import _socket; _socket.socket().connect(('127.0.0.1', 1))")
        ),
        ("sh", "-c", "while :; do echo 'dial tcp: lookup db: no such host'; sleep 0.2; done"),
        python(
            "import os, signal\n"
            "if os.fork(): signal.pause()\n"
            "os.write(2, b'connect ECONNREFUSED 127.0.0.1:1\\n')\n"
        ),
    ],
)
def test_a_service_whose_peer_is_missing_is_stopped_early(
    tmp_path: Path, port: int, command: tuple[str, ...]
) -> None:
    seen = serve(tmp_path, port, *command, seconds=1000)
    assert not seen.ended
    assert seen.milliseconds < 60_000
    assert seen.complaints


def test_a_service_that_keeps_restarting_is_stopped_early(tmp_path: Path, port: int) -> None:
    command = python(_WORKERS.format(worker="import never_written"))
    seen = serve(tmp_path, port, *command, seconds=1000)
    assert seen.looping
    assert seen.restarts >= 4
    assert "ModuleNotFoundError: No module named 'never_written'" in seen.words


def test_a_start_script_that_polls_is_waited_for(tmp_path: Path, port: int) -> None:
    poll = f"for i in 1 2 3 4 5 6 7 8; do test -e x; sleep 0.2; done; exec {sys.executable} -c "
    code = _SERVES.format(serve="server.serve_forever()", address=f"('', {port})", family="pass")
    seen = serve(tmp_path, port, "sh", "-c", f'{poll} "$0"', code)
    assert (seen.status, seen.later, seen.looping) == (200, 200, False)


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (("sh", "-c", "echo well"), 0, "well\n"),
        (("sh", "-c", "echo ill; exit 3"), 3, "ill\n"),
        (("nope",), 127, "nope: No such file or directory"),
    ],
)
def test_the_health_check_is_executed_once(
    tmp_path: Path, port: int, check: tuple[str, ...], code: int, message: str
) -> None:
    command = serves("server.serve_forever()", f"('', {port})")
    service, health = f"service={port},200,30,0,any,/", f"health=30,{len(check)}"
    answer = report(tmp_path, service, *check, *command, health=health)
    assert answer.service is not None
    assert (answer.service.status, answer.service.later) == (200, 200)
    assert answer.health is not None
    assert (answer.health.exit_code, answer.health.words) == (code, message)
    late = report(tmp_path, service, "sleep", "1000", *command, health="health=0.5,2")
    assert late.health is not None
    assert late.health.timed_out


def test_a_busy_machine_does_not_delay_the_next_look_at_the_processes() -> None:
    service = Service.__new__(Service)
    service.tree, service.ends, service.busy = Tree(), 0, []
    service.clock, service.cpu_clock = lambda: 105.0, lambda: 1.0
    service.look_at_processes(100.0, set())
    assert service.next_look == 100.05
