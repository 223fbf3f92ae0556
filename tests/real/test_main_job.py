"""The main job: eight variants on two platforms, built concurrently and verified by one command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.our_variants import OUR_CHECKS, VARIANTS
from tests.real.conftest import BOTH, MAIN_JOB, Ran, docker, run_cli

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]


def test_all_images_are_built_and_verified(main_job: Ran) -> None:
    assert main_job.code == 0, main_job.err
    lanes = main_job.summary["lanes"]
    assert len(lanes) == 2 * len(VARIANTS)
    assert {lane["status"] for lane in lanes} == {"passed"}
    assert all(lane["checks"] == f"{len(OUR_CHECKS)}/{len(OUR_CHECKS)} pass" for lane in lanes)
    assert {(lane["platform"], lane["how"]) for lane in lanes} == {
        ("linux/amd64", "native"),
        ("linux/arm64", "cross"),
    }
    assert all(lane["size"] > 1_000_000 for lane in lanes)


def test_every_client_reports_its_version_and_machine(main_job: Ran) -> None:
    seen = {
        (record["target"], record["platform"]): verdict["evidence"]
        for record in main_job.records
        if record["event"] == "lane-checked"
        for verdict in record["verdicts"]
        if verdict["check"] == "clients"
    }
    for variant in VARIANTS:
        for platform, machine in (("linux/amd64", "x86_64"), ("linux/arm64", "aarch64")):
            evidence = seen[variant.name, platform]
            assert evidence.endswith(f" on {machine}")
            assert all(f"{client.distribution} " in evidence for client in variant.clients)


def test_the_tags_are_those_of_the_script(main_job: Ran) -> None:
    tags = set(docker("image", "ls", "--format", "{{.Tag}}", MAIN_JOB).split())
    assert tags == {"latest", *(f"latest-{variant.name}" for variant in VARIANTS)}


def test_docker_runs_the_foreign_platform_by_its_tag(main_job: Ran) -> None:
    code = "import redis, platform; print(redis.__version__, platform.machine())"
    image = f"{MAIN_JOB}:latest-redis"
    words = ("run", "--rm", "--pull", "never", "--platform", "linux/arm64", image)
    version, machine = docker(*words, "python", "-c", code).split()
    assert version[0].isdigit()
    assert machine == "aarch64"


def test_a_second_run_finds_every_step_cached(main_job: Ran, folders: tuple[Path, Path]) -> None:
    cwd, state = folders
    words = ("build", "--build-all", "--platforms", BOTH, "--name", MAIN_JOB, "--no-check")
    again = run_cli(*words, "--format", "json", cwd=cwd, state=state)
    assert again.code == 0, again.err
    for before, lane in zip(main_job.summary["lanes"], again.summary["lanes"], strict=True):
        assert lane["steps"] > 0
        assert lane["cached_steps"] == lane["steps"], lane["target"]
        assert lane["digest"] == before["digest"]


def test_variants_share_their_layers(main_job: Ran) -> None:
    def layers(tag: str) -> list[str]:
        inspected = docker("image", "inspect", "--platform", "linux/arm64", f"{MAIN_JOB}:{tag}")
        found: list[str] = json.loads(inspected)[0]["RootFS"]["Layers"]
        return found

    everything = set(layers("latest"))
    for variant in VARIANTS:
        assert set(layers(f"latest-{variant.name}")) <= everything, variant.name


def test_the_check_command_finds_an_image_of_another_variant(
    main_job: Ran, folders: tuple[Path, Path]
) -> None:
    cwd, state = folders
    image = f"{MAIN_JOB}:latest-redis"
    right = run_cli("check", image, "--platforms", "amd64", cwd=cwd, state=state)
    assert right.code == 0, right.out + right.err
    words = ("check", image, "--platforms", "amd64", "--variant", "mqtt", "--format", "json")
    wrong = run_cli(*words, cwd=cwd, state=state)
    assert wrong.code == 1
    failed = {v["check"] for v in wrong.records[0]["verdicts"] if v["answer"] == "fail"}
    assert failed == {"labels", "env", "clients", "absent"}
