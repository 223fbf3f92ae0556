"""Failures, cancels and test-only builds on the real engine, with a quick Dockerfile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.conftest import COMMAND, Cli, docker
from tests.waiting import until

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/quick"


def test_one_variant_fails_with_a_summary_and_the_others_finish(
    cli: Cli, checkout: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    words = ("build", "--backend", "redis,kafka,mqtt", "--name", NAME, "--no-check")
    ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 1
    status = {(lane["target"], lane["platform"]): lane["status"] for lane in ran.summary["lanes"]}
    assert status["kafka", "linux/arm64"] == "failed"
    assert status["kafka", "linux/amd64"] == "cancelled"
    assert {status[v, p] for v in ("redis", "mqtt") for p in ("linux/amd64", "linux/arm64")} == {
        "done"
    }
    (failure,) = ran.summary["failures"]
    assert failure["target"] == "kafka"
    assert failure["platform"] == "linux/arm64"
    assert failure["stage"] == "build"
    assert failure["where"] == "Dockerfile:6"
    assert failure["reason"] == "this is why (exit code 7)"
    assert failure["log"] == ["this is why"]
    assert Path(failure["log_file"]).read_bytes()


def test_ctrl_c_leaves_nothing_behind(cli: Cli, checkout: Path, own_home: Path) -> None:
    words = ("build", "--backend", "gcp,redis", "--name", NAME, "--platforms", "amd64")
    environment = dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(own_home / "state")}
    process = subprocess.Popen(
        [*COMMAND, *words, "--no-check", "--format", "json"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pids = []
    sleeping = False
    records = []
    for line in process.stdout:
        record = json.loads(line)
        records.append(record)
        if record["event"] in {"run-started", "target-started"}:
            pids.append(record["pid"])
        if record["event"] == "log" and record["text"] == "sleeping" and not sleeping:
            sleeping = True
            process.send_signal(signal.SIGINT)
    code = process.wait(timeout=60)
    assert process.stderr is not None
    process.stderr.close()
    assert sleeping
    assert code == 130
    # The runner records the end of the run and exits a moment later.
    until(
        lambda: not any(Path(f"/proc/{pid}").exists() and _is_ours(pid) for pid in pids),
        "runner and Buildx are gone",
    )
    folder = Path(records[0]["folder"])
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "run-ended"
    assert events[-1]["outcome"] == "cancelled"
    assert (
        str(folder)
        not in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, text=True, check=True
        ).stdout
    )


def _is_ours(pid: int) -> bool:
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return b"buildx" in command or b"runner" in command


def test_a_test_only_build_leaves_no_tag(cli: Cli, checkout: Path) -> None:
    words = ("build", "--backend", "minimal", "--platforms", "amd64", "--test-only")
    ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 0, ran.err
    (lane,) = ran.summary["lanes"]
    assert lane["status"] == "passed"
    assert docker("image", "ls", "--format", "{{.Repository}}", lane["tags"][0]) == ""


def test_checks_find_the_faults_of_a_wrong_image(
    cli: Cli, checkout: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    dockerfile = checkout / "Dockerfile"
    text = dockerfile.read_text().replace("USER 1000", "USER 0")
    dockerfile.write_text(text.replace("queue.backend=$QUEUE_BACKEND", "queue.backend=other"))
    words = ("build", "--backend", "sqs", "--platforms", "amd64", "--name", NAME)
    ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 1
    (checked,) = (r for r in ran.records if r["event"] == "lane-checked")
    answers = {v["check"]: v["answer"] for v in checked["verdicts"]}
    assert {check for check, answer in answers.items() if answer == "fail"} == {
        "labels",
        "clients",
        "user",
    }


def test_any_bake_file_is_built_unchanged(
    cli: Cli, tmp_path: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    folder = tmp_path / "anyone"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nARG WHO\nCOPY Dockerfile /\nLABEL who=$WHO\n")
    bake = {
        "group": {"default": {"targets": ["web", "worker"]}},
        "target": {
            name: {"args": {"WHO": name}, "tags": [f"{NAME}:{name}"]} for name in ("web", "worker")
        },
    }
    (folder / "docker-bake.json").write_text(json.dumps(bake))
    ran = cli("build", "--format", "json", cwd=folder)
    assert ran.code == 0, ran.err
    assert {(lane["target"], lane["status"]) for lane in ran.summary["lanes"]} == {
        ("web", "passed"),
        ("worker", "passed"),
    }
    assert docker("image", "inspect", "--format", "{{.Config.Labels.who}}", f"{NAME}:web") == (
        "web\n"
    )


def test_the_plan_is_a_bake_file_that_buildx_reads(cli: Cli, tmp_path: Path) -> None:
    ran = cli("plan", "--build-all")
    assert ran.code == 0
    file = tmp_path / "bake.json"
    file.write_text(ran.out)
    printed = docker("buildx", "bake", "-f", str(file), "--print")
    ours = json.loads(ran.out)["target"]
    theirs = json.loads(printed)["target"]
    assert {name: body["tags"] for name, body in theirs.items()} == {
        name: body["tags"] for name, body in ours.items()
    }
