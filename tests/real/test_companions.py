"""A project whose service needs a queue at its start, with and without a companion."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.companion import Companion
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.events import RunStarted
from openhqm_tui.engine.docker.images import read_config
from openhqm_tui.run.checks import companions
from openhqm_tui.run.checks.companions import Companions
from openhqm_tui.run.checks.container import ask, sweep
from openhqm_tui.run.checks.sandbox import RUN_LABEL, UNTIL_LABEL
from openhqm_tui.store.paths import bundled
from openhqm_tui.store.run_folder import RunFolder
from tests.expecting import expect
from tests.real.conftest import BOTH, Ran, docker, run_cli
from tests.real.redis_image import IMAGE as REDIS
from tests.real.redis_image import make_redis
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]

NAME = "openhqm-tui-tests/companions"
IMAGE = f"{NAME}:latest-redis"
PASSWORD = "hunter2-of-the-queue"
# Like uvicorn: the parent binds, its workers listen, and a worker that dies is replaced.
LISTENER = '''\
"""Four workers that connect to their queue at the start, and a parent that replaces them."""

import os
import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import redis


class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


def work(bound):
    redis.Redis.from_url(os.environ.get("QUEUE_URL", "redis://localhost:6379")).ping()
    server = HTTPServer(("", 0), Health, bind_and_activate=False)
    server.socket = bound
    server.server_activate()
    server.serve_forever()


def main():
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("0.0.0.0", 8000))
    workers = 0
    while True:
        while workers < 4:
            workers += 1
            if not os.fork():
                work(bound)
        os.wait()
        workers -= 1
        time.sleep(0.5)


if __name__ == "__main__":
    main()
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, host: Platform) -> Iterator[Path]:
    """A checkout whose core requirements include a client, with a Redis companion."""
    make_redis(host)
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(bundled("context"), folder, dirs_exist_ok=True)
    with (folder / "requirements.txt").open("a") as core:
        core.write("redis[hiredis]>=5\n")
    (folder / "src/openhqm/api/listener.py").write_text(LISTENER)
    checks_with(folder, f'{{ image = "{REDIS}" }}')
    yield folder
    for name in (NAME, REDIS.partition(":")[0]):
        tags = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name).split()
        docker("image", "rm", "--force", *tags)


@pytest.fixture(scope="module")
def built(project: Path) -> Ran:
    words = ("--dockerfile", "bundled", "--backend", "redis", "--name", NAME, "--format", "json")
    return run_cli("build", *words, "--platforms", BOTH, cwd=project, state=project / "state")


def checks_with(folder: Path, *companions: str) -> Path:
    file = folder / "openhqm-checks.toml"
    file.write_text(f"[defaults.service]\nwith = [{', '.join(companions)}]\n")
    return file


def containers(*filters: str) -> list[str]:
    words = [word for one in (f"label={RUN_LABEL}", *filters) for word in ("--filter", one)]
    return docker("ps", "--all", "--format", "{{.Names}}", *words).split()


def test_a_service_with_its_companion_responds_on_both_platforms(built: Ran) -> None:
    assert built.code == 0, built.out[-4000:] + built.err
    lanes = built.summary["lanes"]
    assert {lane["status"] for lane in lanes} == {"passed"}
    notes = [record["text"] for record in built.records if record["event"] == "noted"]
    assert len([note for note in notes if f"{REDIS} (sha256:" in note]) == 1, notes
    assert f"service checks start companion containers ({REDIS})" in built.err
    run = built.records[0]["info"]["id"]
    assert containers(f"label={RUN_LABEL}={run}") == []


def test_the_evidence_has_the_commands_to_repeat_the_check(built: Ran, project: Path) -> None:
    (file,) = (project / "state/runs").glob("*/checks/redis.linux-arm64.json")
    command = json.loads(file.read_text())["command"]
    redis, service = command.split(" && ", 1)
    assert redis.startswith("docker run --detach --pull never ")
    assert " --platform linux/amd64 --network none --read-only " in redis or " arm64" in redis
    assert " --network container:openhqm-tui-" in service


def test_a_companion_that_exits_is_the_reason_and_its_variables_stay_secret(
    built: Ran, project: Path, host: Platform
) -> None:
    script = "echo $(ls /sys/class/net) $(id -un) $PASSWORD; exit 3"
    settings = f'env = {{ PASSWORD = "{PASSWORD}" }}, command = ["sh", "-c", "{script}"]'
    checks_with(project, f'{{ image = "{REDIS}", {settings} }}')
    words = ("--dockerfile", "bundled", "--backend", "redis", "--name", NAME)
    state = project / "state-of-secrets"
    output = ""
    for form in ("json", "plain"):
        platform = ("--platforms", str(host), "--format", form)
        ran = run_cli("build", *words, *platform, cwd=project, state=state)
        assert ran.code == 1
        output += ran.out + ran.err
    why = f"companion {REDIS} exited with code 3: lo redis ***"
    assert output.count(why) >= 2, output
    assert "? service" in output or '"unknown"' in output
    (first, second) = (state / "runs").iterdir()
    for form in ("html", "markdown", "json"):
        output += run_cli("report", first.name, "--format", form, cwd=project, state=state).out
    output += run_cli("history", "--format", "json", cwd=project, state=state).out
    packed = project / "run.zip"
    run_cli("runs", "export", second.name, str(packed), cwd=project, state=state)
    with zipfile.ZipFile(packed) as archive:
        output += "".join(archive.read(name).decode() for name in archive.namelist())
    kept = [file for file in first.rglob("*") if file.is_file()]
    output += "".join(f.read_text(errors="replace") for f in kept if f.name != "expectations.json")
    assert PASSWORD not in output


def test_without_its_companion_the_service_is_not_verified(built: Ran, project: Path) -> None:
    checks_with(project, f'{{ image = "{REDIS}" }}')
    words = ("check", IMAGE, "--no-companions", "--format", "json")
    ran = run_cli(*words, cwd=project, state=project / "state")
    assert ran.code == 1
    for record in ran.records:
        (service,) = [v for v in record["verdicts"] if v["check"] == "service"]
        assert (service["answer"], "localhost:6379" in service["evidence"]) == ("unknown", True)


def test_an_unavailable_image_is_reported_with_its_fix(built: Ran, project: Path) -> None:
    missing = "localhost:9/openhqm-tui-tests/no-such:1"
    checks_with(project, f'{{ image = "{missing}" }}')
    ran = run_cli("check", IMAGE, "--format", "json", cwd=project, state=project / "state")
    assert ran.code == 1
    for record in ran.records:
        verdicts = {verdict["check"]: verdict for verdict in record["verdicts"]}
        service = verdicts.pop("service")
        assert service["answer"] == "unknown"
        assert f"companion {missing} isn't available: " in service["evidence"]
        assert f"`docker pull {missing}`" in service["evidence"]
        assert verdicts["clients"]["answer"] == "pass", "the rest is checked anyway"


@pytest.mark.parametrize(
    ("companion", "message"),
    [
        (
            Companion(image=REDIS, command=("sh", "-c", "echo starting; sleep 1000")),
            "isn't ready: nothing listens on :6379 after 1 s: starting",
        ),
        (
            Companion(image=REDIS, ready=("sh", "-c", "redis-cli ping | grep -q NEVER")),
            "isn't ready: `sh -c 'redis-cli ping | grep -q NEVER'` still fails after 1 s",
        ),
        (Companion(image=REDIS, ready=("redis-cli", "ping")), ""),
        (Companion(image=REDIS, command=("no-such-program",)), "not found"),
    ],
    ids=["port", "command", "ready", "start"],
)
async def test_companions_that_are_not_ready_are_reported(
    built: Ran,
    host: Platform,
    monkeypatch: pytest.MonkeyPatch,
    companion: Companion,
    message: str,
) -> None:
    monkeypatch.setattr(companions, "READY_PATIENCE", 1.0 if message else 60.0)
    run_id = f"companions-{secrets.token_hex(4)}"
    checked = await ask(
        IMAGE,
        served_with(host, companion),
        own_command=read_config(IMAGE, str(host)).command,
        companions=Companions(host),
        emulated=False,
        run_id=run_id,
        lane="it",
    )
    assert message in checked.trouble
    assert bool(checked.trouble) == bool(message)
    assert containers(f"label={RUN_LABEL}={run_id}") == []


def served_with(host: Platform, companion: Companion) -> Expectation:
    settings = {name: getattr(companion, name) for name in ("image", "ready", "command")}
    return expect(host, clients={}, service={"with": [settings]})


async def test_the_containers_of_a_killed_runner_have_a_deadline(
    built: Ran, project: Path, host: Platform
) -> None:
    checks_with(project, f'{{ image = "{REDIS}", command = ["sleep", "1000"] }}')
    words = ("--dockerfile", "bundled", "--backend", "redis", "--name", NAME, "--detach")
    state = project / "state-of-the-killed"
    ran = run_cli("build", *words, "--platforms", str(host), cwd=project, state=state)
    folder = RunFolder(state / "runs" / ran.out.strip())
    own = f"label={RUN_LABEL}={folder.info.id}"
    # The companion, and the service that waits for it.
    await asyncio.to_thread(until, lambda: len(containers(own)) == 2, "a check runs", 300.0)
    (pid,) = [event.pid for event in folder.events() if isinstance(event, RunStarted)]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not folder.is_live(), "the runner has exited")
    await sweep()
    assert len(containers(own)) == 2, "they may still be in use"
    # The sweep after it would remove the containers of other tests too: those of an image without a
    # runner show that it removes what is overdue.
    deadline = f'{{{{index .Config.Labels "{UNTIL_LABEL}"}}}}'
    names = containers(own)
    until_when = docker("inspect", "--format", deadline, *names).split()
    assert [time.time() < float(when) < time.time() + 3600 for when in until_when] == [True, True]
    docker("rm", "--force", *names)
