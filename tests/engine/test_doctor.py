"""The Doctor's findings in each situation, and the `doctor` command."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.output.doctor import ColorDoctorOutput, DoctorOutput, nothing_to_run
from openhqm_tui.domain.findings import Finding, Health
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS as BOTH
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.command import CommandResult
from openhqm_tui.engine.docker.facts import EngineFacts, EngineProblemKind, read_facts
from openhqm_tui.engine.doctor.apply import Rights, pending
from openhqm_tui.engine.doctor.diagnose import diagnose, examine
from openhqm_tui.engine.doctor.machine import Machine, read_machine
from openhqm_tui.engine.source.base_image import BOOTSTRAPPED_BASE, UPSTREAM_BASE
from tests.engine.fakes import (
    AMD64,
    ARM64,
    INFO,
    LABELS,
    S390X,
    FakeRunner,
    debian,
    policy,
    runner,
)

HERE = debian(dockerd="/usr/sbin/dockerd", docker_running=True, emulators={"qemu-aarch64": "PF"})
ABSENT = CommandResult(1, "", "Error response from daemon: No such image")


def healthy(**changes: object) -> EngineFacts:
    fields = {"local": True, "free_bytes": 50 << 30, **changes}
    return msgspec.structs.replace(read_facts(run=runner()), **fields)


def found(
    facts: EngineFacts,
    machine: Machine = HERE,
    platforms: tuple[Platform, ...] = BOTH,
    run: FakeRunner | None = None,
    deep: bool = True,
) -> dict[str, Finding]:
    findings = diagnose(facts, machine, platforms, deep=deep, run=run or runner())
    assert len({finding.key for finding in findings}) == len(findings)
    for finding in findings:
        if finding.health in {Health.WARN, Health.FAIL}:
            assert finding.fixes or finding.advice, f"{finding.key}: no fix"
            assert finding.why
    return {finding.key: finding for finding in findings}


def test_a_healthy_machine_has_no_fix_and_apt_is_not_called() -> None:
    run = runner()
    findings = found(healthy(), run=run)
    assert not pending(findings.values())
    assert not any(finding.blocks for finding in findings.values())
    assert {key for key, one in findings.items() if one.health is not Health.OK} == {"registry"}
    assert not any("apt" in line for line in run.ran)
    assert findings["platform:linux/amd64"].detail == "native"
    assert findings["platform:linux/arm64"].detail == "emulated"


def test_a_quick_diagnosis_queries_no_registry() -> None:
    run = runner(docker_image_inspect=ABSENT)
    findings = found(healthy(), run=run, deep=False)
    assert not any("imagetools" in line for line in run.ran)
    assert findings["base:linux/amd64"].health is Health.UNKNOWN
    assert "registry" not in findings


def test_a_machine_without_docker_gets_one_fix() -> None:
    facts = EngineFacts(
        trouble=EngineProblemKind.NO_CLIENT, error="the `docker` command was not found"
    )
    findings = found(facts, debian())
    assert findings["client"].blocks
    assert findings["engine"].blocks
    (step,) = pending(findings.values())
    assert "docker.io" in step[1].script


@pytest.mark.parametrize(
    ("trouble", "machine", "fix", "advice"),
    [
        (EngineProblemKind.NOT_RUNNING, HERE, "", "dockerd is running but doesn't respond"),
        (EngineProblemKind.NOT_RUNNING, debian(dockerd="/usr/sbin/dockerd"), "setsid dockerd", ""),
        (
            EngineProblemKind.NOT_RUNNING,
            debian(dockerd="/usr/sbin/dockerd", systemd=True),
            "systemctl enable --now docker",
            "",
        ),
        (
            EngineProblemKind.NOT_RUNNING,
            Machine(system="darwin", desktop="Colima"),
            "",
            "start Colima",
        ),
        (EngineProblemKind.PERMISSION, HERE, "usermod -aG docker ada", "log in again"),
        (EngineProblemKind.PERMISSION, Machine(system="darwin"), "", "socket"),
        (EngineProblemKind.UNREACHABLE, HERE, "", "docker context ls"),
        (EngineProblemKind.TIMEOUT, HERE, "", "log"),
        (EngineProblemKind.NOT_DOCKER, debian(systemd=True), "docker.io", ""),
    ],
)
def test_an_unresponsive_engine_has_a_fix_or_advice(
    trouble: EngineProblemKind,
    machine: Machine,
    fix: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    client = "" if trouble is EngineProblemKind.NOT_DOCKER else "28.2.2"
    facts = EngineFacts(
        client_version=client, buildx_version="0.29.1" if client else "", trouble=trouble, error="e"
    )
    findings = found(facts, machine)
    assert findings["engine"].blocks
    scripts = "".join(step.script for _, step in pending(findings.values()))
    assert fix in scripts
    assert bool(fix) is bool(scripts)
    assert advice in findings["engine"].advice


def test_an_engine_set_by_docker_host_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    facts = EngineFacts(
        client_version="28", buildx_version="0.29", trouble=EngineProblemKind.NOT_RUNNING
    )
    assert not pending(found(facts, debian(dockerd="/usr/sbin/dockerd")).values())


def test_outdated_versions_are_found() -> None:
    findings = found(healthy(server_version="24.0.7"), debian(systemd=True))
    assert findings["engine"].blocks
    assert findings["engine"].fixes
    for version in ("26.1.5", "28.0.4"):
        middle = found(healthy(server_version=version))["engine"]
        assert middle.health is Health.WARN
        assert "older than 1.49" in middle.why
        assert "images can't be verified" in middle.why
        assert "28.1 or later" in middle.advice
        assert not middle.fixes
    assert found(healthy(server_version="28.1.0"))["engine"].health is Health.OK
    old = found(healthy(buildx_version="0.13.1"), debian(systemd=True))["buildx"]
    assert old.blocks
    assert "docker-buildx" in old.fixes[0].script
    assert "docker.io docker-cli" not in old.fixes[0].script.split("apt-get install")[1]
    assert found(healthy(buildx_version=""))["buildx"].blocks


def test_the_classic_image_store_is_found() -> None:
    old = healthy(containerd_store=False, image_count=3)
    both = found(old)["store"]
    assert both.blocks
    assert "3 images" in both.detail
    assert "containerd-snapshotter" in both.fixes[0].script
    one = found(old, platforms=(AMD64,))["store"]
    assert one.health is Health.WARN
    assert not one.blocks
    broken = found(old, msgspec.structs.replace(HERE, store_config="{"))["store"]
    assert not broken.fixes
    assert "not valid JSON" in broken.advice
    for desktop in ("Docker Desktop", "Colima", "OrbStack", ""):
        mac = found(
            msgspec.structs.replace(old, local=False), Machine(system="darwin", desktop=desktop)
        )["store"]
        assert "containerd" in mac.advice
        assert not mac.fixes


def test_missing_emulators_are_found() -> None:
    run = runner(apt=policy(qemu_user_static="1:7.2"))
    findings = found(healthy(), debian(), (AMD64, ARM64, S390X), run=run)
    arm, s390x = findings["platform:linux/arm64"], findings["platform:linux/s390x"]
    # Our Dockerfile builds arm64 without an emulator, but not s390x.
    assert (arm.health, arm.blocks) == (Health.WARN, False)
    assert (s390x.health, s390x.blocks) == (Health.FAIL, True)
    assert arm.fixes == s390x.fixes
    not_held_open = found(healthy(), debian(emulators={"qemu-aarch64": "P"}), run=run)
    assert "flag F" in not_held_open["platform:linux/arm64"].detail
    remote = found(healthy(local=False), debian(), (S390X,))
    assert "tonistiigi/binfmt" in remote["platform:linux/s390x"].advice


@pytest.mark.parametrize(
    ("builder", "engine", "why"),
    [
        (ARM64, ARM64, "steps and checks for this platform run natively"),
        (AMD64, AMD64, "steps and checks for this platform run under an emulator"),
        (ARM64, AMD64, "run natively; checks, on the engine, run under an emulator"),
        (AMD64, ARM64, "run under an emulator, several times slower; checks, on the engine, run"),
    ],
)
def test_steps_run_on_the_builder_and_checks_on_the_engine(
    builder: Platform, engine: Platform, why: str
) -> None:
    node = Node("n", native=builder, platforms=BOTH)
    facts = healthy(driver="remote", nodes=(node,), host=engine)
    assert why in found(facts, platforms=(ARM64,))["platform:linux/arm64"].why


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        (("running",), "(docker-container)"),
        (("inactive",), "(docker-container), not running: the next build starts it"),
        (("stopped", "inactive"), "2 nodes), not running: the next build starts them"),
        (("running", "inactive"), "2 nodes), 1 not running: the next build starts it"),
    ],
)
def test_nodes_that_are_not_running_are_counted(statuses: tuple[str, ...], told: str) -> None:
    nodes = tuple(Node(status, status=status, platforms=BOTH) for status in statuses)
    facts = healthy(driver="docker-container", nodes=nodes)
    assert found(facts)["builder"].detail.endswith(told)


def test_a_quick_diagnosis_says_for_which_platforms_the_base_image_is_local() -> None:
    absent = {
        f"docker image inspect --platform linux/arm64 --format {{{{.Os}}}}/{{{{.Architecture}}}} "
        f"{ref}": ABSENT
        for ref in (UPSTREAM_BASE, BOOTSTRAPPED_BASE)
    }
    run = runner()
    run.table |= absent
    findings = found(healthy(), run=run, deep=False)
    assert "in the local store" in findings["base:linux/amd64"].detail
    assert "the first build pulls it" in findings["base:linux/arm64"].detail
    elsewhere = found(healthy(driver="remote"), run=runner(), deep=False)["base:linux/amd64"]
    assert elsewhere.detail.endswith("is pulled by the builder; the registry wasn't queried")


def test_without_docker_hub_the_base_image_can_be_built() -> None:
    machine = msgspec.structs.replace(HERE)
    run = runner(docker_image_inspect=ABSENT, apt=policy(mmdebstrap="1.3"))
    findings = found(healthy(), machine, run=run)
    base = findings["base:linux/arm64"]
    assert base.blocks
    assert "can't be reached" in base.detail
    assert BOOTSTRAPPED_BASE in base.fixes[0].title
    fedora = found(healthy(), Machine(distro="fedora"), (AMD64,), run=run)
    assert "--base-image" in fedora["base:linux/amd64"].advice


@pytest.mark.parametrize("labels", ["null", '{"openhqm-tui.base": "1"}', "no JSON"])
def test_a_base_without_apt_is_replaced(labels: str) -> None:
    upstream_absent = {
        f"docker image inspect --platform {platform} --format {{{{.Os}}}}/{{{{.Architecture}}}} "
        f"{UPSTREAM_BASE}": ABSENT
        for platform in BOTH
    }
    run = runner(apt=policy(mmdebstrap="1.3"))
    run.table |= {**upstream_absent, LABELS: CommandResult(0, labels)}
    base = found(healthy(), run=run)["base:linux/arm64"]
    assert (base.health, base.blocks) == (Health.WARN, False)
    assert "apt-get" in base.detail
    assert BOOTSTRAPPED_BASE in base.fixes[0].title
    assert found(healthy(), Machine(), run=run)["base:linux/amd64"].advice
    # Upstream's image and a current base are there.
    assert found(healthy(), run=runner())["base:linux/arm64"].health is Health.OK


def test_other_drivers_cant_use_a_local_base_image() -> None:
    run = runner()
    base = found(healthy(driver="remote"), run=run)["base:linux/amd64"]
    assert base.blocks
    assert "push a base image to a registry" in base.advice
    assert not any("image inspect" in line for line in run.ran)


def test_a_full_disk_and_a_missing_builder_are_found() -> None:
    assert found(healthy())["disk"].health is Health.OK
    facts = msgspec.structs.replace(healthy(), free_bytes=3 << 30)
    assert found(facts)["disk"].health is Health.WARN
    facts = msgspec.structs.replace(healthy(), free_bytes=100 << 20)
    assert found(facts)["disk"].blocks
    assert found(healthy(builder_error="no builder"))["builder"].blocks


def test_private_certificates_are_passed_to_builds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    assert found(healthy())["certificates"].health is Health.OK
    own = msgspec.structs.replace(HERE, private_cas=("/usr/local/share/ca-certificates/a.crt",))
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    detail = found(healthy(), own)["certificates"].detail
    assert detail.startswith(f"OpenHQM's build steps get {bundle}") is bundle.is_file()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert found(healthy(), own)["certificates"].health is Health.WARN
    (tmp_path / "none.pem").write_text("pem")
    assert found(healthy(), own)["certificates"].health is Health.OK


# This machine


def test_the_machine_is_read_from_its_files(tmp_path: Path) -> None:
    for name, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
        "etc/docker/daemon.json": "{}",
        "proc/17/comm": "dockerd\n",
        "proc/sys/fs/binfmt_misc/register": "",
        "proc/sys/fs/binfmt_misc/qemu-aarch64": "enabled\ninterpreter /q\nflags: PF\n",
        "proc/sys/fs/binfmt_misc/qemu-s390x": "disabled\nflags: F\n",
        "run/systemd/system/x": "",
        "usr/local/share/ca-certificates/company.crt": "pem",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    machine = read_machine(tmp_path)
    assert (machine.distro, machine.release, machine.codename) == ("debian", "12", "bookworm")
    assert machine.systemd
    assert machine.docker_running
    assert machine.emulators == {"qemu-aarch64": "PF"}
    assert machine.store_config == "{}"
    assert len(machine.private_cas) == 1
    assert read_machine(tmp_path / "nowhere").distro == ""


# The command line


def doctor(*arguments: str) -> int:
    return main(["doctor", *arguments])


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    facts = EngineFacts(
        trouble=EngineProblemKind.NO_CLIENT, error="the `docker` command was not found"
    )
    findings = diagnose(facts, debian(), run=runner())
    monkeypatch.setattr(
        "openhqm_tui.engine.doctor.diagnose.examine", lambda *_args, **_kwargs: findings
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return findings


def test_without_consent_fixes_are_shown_and_the_exit_code_is_3(
    bare: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--format", "plain") == 3
    out = capsys.readouterr().out
    assert "✗ fail    Docker client" in out
    assert "apt-get install" in out
    assert "Builds can't start" in out
    assert "\x1b" not in out


def test_json_output_is_only_json(bare: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--format", "json") == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1] == {"type": "summary", "usable": False, "blocking": ["client", "engine"]}
    assert {line["type"] for line in lines[:-1]} == {"finding"}


def test_the_summary_warns_that_no_image_will_count_as_verified(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = diagnose(healthy(server_version="28.0.4"), HERE, BOTH, run=runner())
    monkeypatch.setattr(
        "openhqm_tui.engine.doctor.diagnose.examine", lambda *_args, **_kwargs: findings
    )
    assert doctor("--format", "plain") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Builds can start, but no image will count as verified (see Docker Engine)."


@pytest.mark.parametrize(
    "arguments", [("--fix",), ("--yes",), ("--platforms", "linux/amd65"), ("--platforms", ",")]
)
def test_invalid_usage_is_one_line_with_exit_code_2(
    arguments: tuple[str, ...], bare: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_missing_root_rights_are_reported(
    bare: list[Finding], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("openhqm_tui.engine.doctor.apply.rights", lambda: Rights.NONE)
    assert doctor("--fix", "--yes") == 3
    assert "sudo isn't available" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n", "", "what"])
def test_without_a_yes_nothing_runs(
    answer: str, bare: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    monkeypatch.setattr("openhqm_tui.engine.doctor.apply.rights", lambda: Rights.ROOT)
    monkeypatch.setattr("openhqm_tui.engine.doctor.apply.stream", pytest.fail)
    assert doctor("--fix", "--format", "plain") == 3


def test_control_characters_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    DoctorOutput().output("a\x1b[2Jb")
    ColorDoctorOutput().output("[red]not markup[/red]")
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out
    assert "[red]not markup[/red]" in out


def test_the_recorded_info_has_no_registry_mirrors() -> None:
    assert "Mirrors" not in INFO


@pytest.mark.engine
def test_the_real_engine_needs_no_fix() -> None:
    findings = examine(deep=False)
    assert [finding.title for finding in findings if finding.blocks] == []
    assert not pending(findings)


def test_the_base_images_of_a_project_are_not_checked() -> None:
    keys = {finding.key for finding in diagnose(healthy(), HERE, BOTH, "", run=runner())}
    with_base = {finding.key for finding in diagnose(healthy(), HERE, BOTH, run=runner())}
    assert keys < with_base
    assert {key.partition(":")[0] for key in with_base - keys} == {"base", "registry"}


@pytest.mark.parametrize(
    ("health", "message"),
    [
        (Health.OK, "Nothing to fix."),
        (Health.UNKNOWN, "Nothing to fix."),
        (Health.WARN, "No problem has an automatic fix."),
        (Health.FAIL, "No problem has an automatic fix."),
    ],
)
def test_without_a_pending_fix_problems_are_not_denied(health: Health, message: str) -> None:
    found = Finding(key="engine", title="Docker Engine", health=health, detail="")
    assert nothing_to_run([found]) == message
