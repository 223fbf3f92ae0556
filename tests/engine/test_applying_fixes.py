"""The fixes for each situation, and that repeating them changes nothing."""

from __future__ import annotations

import json
import subprocess

import pytest

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.engine.docker import command
from openhqm_tui.engine.doctor import apply as apply_module
from openhqm_tui.engine.doctor.apply import (
    FixOutcome,
    Rights,
    apply_fixes,
    diagnose_and_apply,
    pending,
)
from openhqm_tui.engine.doctor.apt import Candidate
from openhqm_tui.engine.doctor.emulators import emulator_fix, not_held_open, runnable
from openhqm_tui.engine.doctor.install import (
    NEWER_KEYRING,
    ConfigError,
    config_script,
    engine_fix,
    start_fix,
    store_fix,
    with_containerd_store,
)
from openhqm_tui.engine.doctor.machine import Machine
from tests.engine.fakes import AMD64, ARM64, MIRROR, S390X, debian, packages


def offers(**candidates: str) -> dict[str, Candidate]:
    names = {"docker_io": "docker.io"}
    return {
        names.get(name, name.replace("_", "-")): Candidate("", version)
        for name, version in candidates.items()
    }


OLD = offers(docker_io="20.10.24+dfsg1-1", qemu_user_static="1:7.2", mmdebstrap="1.3")
TRIXIE = offers(docker_io="26.1.5+dfsg1-9", docker_cli="26.1.5", docker_buildx="0.13.1+ds1-3")
GOOD = offers(docker_io="28.5.2+dfsg4-5", docker_cli="28.5.2-5", docker_buildx="0.29.1+ds1-4")
UBUNTU = offers(docker_io="28.2.2-0ubuntu1~24.04.1", docker_buildx="0.21.3-0ubuntu1~24.04.1")


def fix_of(fix: Fix | str) -> Fix:
    assert isinstance(fix, Fix), fix
    # The script that is shown must at least be valid shell.
    subprocess.run(["sh", "-n", "-c", fix.script], check=True)
    return fix


# Engine and Buildx


def test_debian_12_installs_from_a_pinned_newer_suite() -> None:
    fix = fix_of(engine_fix(debian(packages=OLD)))
    assert fix.as_root
    assert f"URIs: {MIRROR}" in fix.script
    assert "Suites: forky" in fix.script
    assert f"Signed-By: {NEWER_KEYRING}" in fix.script
    assert "Pin-Priority: 50\n" in fix.script
    assert "Pin-Priority: 990\n" in fix.script
    assert "apt-get update" in fix.script
    assert "docker.io docker-cli docker-buildx" in fix.script
    # The store is set before the first start, so nothing has to be switched.
    assert fix.script.index("containerd-snapshotter") < fix.script.index("apt-get install")


def test_debian_12_without_package_lists_needs_no_extra_step() -> None:
    assert "Suites: forky" in fix_of(engine_fix(debian())).script


def test_the_buildx_of_debian_13_is_too_old() -> None:
    machine = debian("13", "trixie", packages=TRIXIE)
    assert "Suites: forky" in fix_of(engine_fix(machine)).script
    assert fix_of(engine_fix(debian("13", "trixie"))).script == "apt-get update -qq\n"


def test_recent_packages_are_installed_from_the_own_suite() -> None:
    fix = fix_of(engine_fix(debian("14", "forky", packages=GOOD)))
    assert "sources.list.d" not in fix.script
    assert "ca-certificates docker.io docker-cli docker-buildx" in fix.script


def test_ubuntu_installs_its_own_packages_if_they_are_recent() -> None:
    ubuntu = debian("24.04", "noble", distro="ubuntu", likes=("debian",), packages=UBUNTU)
    fix = fix_of(engine_fix(ubuntu))
    assert "docker.io docker-buildx" in fix.script
    assert "forky" not in fix.script
    old = debian("20.04", "focal", distro="ubuntu", packages=OLD)
    assert "docs.docker.com" in str(engine_fix(old))


def test_packages_from_docker_are_updated_from_docker() -> None:
    fix = fix_of(engine_fix(debian(packages=packages(docker_ce="5:24.0.7-1"))))
    assert "docker-ce docker-ce-cli containerd.io docker-buildx-plugin" in fix.script
    assert "docker.io" not in fix.script


def test_installing_only_buildx_keeps_the_engine() -> None:
    fix = fix_of(engine_fix(debian(packages=OLD), buildx_only=True))
    assert fix.script.rstrip(")\n").endswith("--no-install-recommends docker-buildx")
    assert "containerd-snapshotter" not in fix.script


def test_a_running_engine_is_restarted_after_an_update() -> None:
    old = debian(packages=OLD, docker_running=True, dockerd="/usr/sbin/dockerd")
    fix = fix_of(engine_fix(old))
    assert 'kill "$pid"' in fix.script
    assert fix.title.endswith(", and restart the engine")
    # Its store may hold images: switching it is a separate fix.
    assert "containerd-snapshotter" not in fix.script


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (debian(packages=OLD, keyrings=()), "the archive key of Debian forky is missing"),
        (debian(packages=OLD, archives=()), "apt's sources have no Docker packages"),
        (debian(packages=packages(podman_docker="4.3")), "podman-docker"),
        (Machine(system="linux", distro="fedora"), "docker-ce"),
        (Machine(system="linux", distro="arch"), "pacman -S docker"),
        (Machine(system="linux", distro="alpine"), "apk add docker"),
        (Machine(system="darwin", desktop="OrbStack"), "start OrbStack"),
        (Machine(system="darwin"), "Docker Desktop, OrbStack or Colima"),
        (Machine(system="linux", distro="opensuse-leap"), "docs.docker.com"),
    ],
)
def test_without_a_supported_installation_advice_is_given(machine: Machine, message: str) -> None:
    advice = engine_fix(machine)
    assert isinstance(advice, str)
    assert message in advice


def test_without_systemd_no_package_starts_a_service() -> None:
    assert "policy-rc.d" in fix_of(engine_fix(debian(packages=GOOD))).script
    booted = debian(packages=GOOD, systemd=True)
    assert "policy-rc.d" not in fix_of(engine_fix(booted)).script


# The engine's process and configuration


def test_the_engine_is_started_with_or_without_systemd() -> None:
    by_hand = fix_of(start_fix(debian()))
    assert by_hand.script.index("setsid containerd") < by_hand.script.index("setsid dockerd")
    by_systemd = fix_of(start_fix(debian(systemd=True)))
    assert by_systemd.script.startswith("systemctl enable --now docker\n")
    assert "setsid" not in by_systemd.script


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"features": {"containerd-snapshotter": True}}),
        ("", {"features": {"containerd-snapshotter": True}}),
        ("{}", {"features": {"containerd-snapshotter": True}}),
        (
            '{"debug": true, "features": {"buildkit": true, "containerd-snapshotter": false}}',
            {"debug": True, "features": {"buildkit": True, "containerd-snapshotter": True}},
        ),
        ('{"features": {"containerd-snapshotter": true}, "debug": true}', None),
    ],
)
def test_daemon_json_is_merged(before: str | None, after: dict[str, object] | None) -> None:
    text = with_containerd_store(before)
    if after is None:
        assert text is None
    else:
        assert text is not None
        assert json.loads(text) == after
        # A second run changes nothing.
        assert with_containerd_store(text) is None


@pytest.mark.parametrize("before", ["{", "[]", '{"features": 1}', "nonsense"])
def test_a_broken_daemon_json_is_left_alone(before: str) -> None:
    with pytest.raises(ConfigError, match=r"daemon\.json"):
        with_containerd_store(before)
    with pytest.raises(ConfigError):
        config_script(debian(store_config=before))


def test_an_unreadable_daemon_json_is_an_error() -> None:
    with pytest.raises(ConfigError, match="Permission denied"):
        config_script(debian(store_config_error="Permission denied"))


def test_switching_the_store_keeps_a_backup_and_validates_the_config() -> None:
    machine = debian(store_config='{"debug": true}', dockerd="/usr/sbin/dockerd")
    fix = fix_of(store_fix(machine, image_count=7))
    assert "7 images" in fix.title
    assert "before-openhqm-tui" in fix.script
    assert fix.script.index("dockerd --validate") < fix.script.index("mv /etc/docker")
    assert "images" not in fix_of(store_fix(machine, image_count=0)).title.split(";")[-1]


# Emulators


def test_emulators_are_installed_and_enabled() -> None:
    machine = debian(packages=OLD)
    fix = fix_of(emulator_fix((ARM64, S390X), machine))
    assert "qemu-user-static binfmt-support" in fix.script
    assert "update-binfmts --enable qemu-aarch64" in fix.script
    assert "update-binfmts --enable qemu-s390x" in fix.script
    installed = debian(packages=packages(qemu_user_static="7.2", binfmt_support="2.2"))
    assert "apt-get" not in fix_of(emulator_fix((ARM64,), installed)).script
    newest = debian(packages=offers(qemu_user="11", qemu_user_binfmt="11"))
    assert "qemu-user qemu-user-binfmt" in fix_of(emulator_fix((ARM64,), newest)).script


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (Machine(system="darwin", desktop="Colima"), "Colima"),
        (Machine(system="linux", distro="fedora"), "--install arm64"),
        (debian(packages=GOOD), "no package"),
    ],
)
def test_without_packages_of_emulators_advice_is_given(machine: Machine, message: str) -> None:
    assert message in str(emulator_fix((ARM64,), machine))


@pytest.mark.parametrize(
    ("flags", "runs", "partly"), [("PF", True, False), ("P", False, True), (None, False, False)]
)
def test_an_emulator_counts_only_if_it_is_held_open(
    flags: str | None, runs: bool, partly: bool
) -> None:
    machine = debian(emulators={} if flags is None else {"qemu-aarch64": flags})
    assert runnable(AMD64, machine)
    assert runnable(ARM64, machine) is runs
    assert not_held_open(ARM64, machine) is partly


# Applying fixes


def finding(key: str, *fixes: Fix, health: Health = Health.FAIL) -> Finding:
    return Finding(key=key, title=key, health=health, detail="", fixes=fixes, needed=True)


ONE = Fix(title="one", script="echo one")
TWO = Fix(title="two", script="echo two")


class FaultyMachine:
    """A machine with problems, each solved by its fix."""

    def __init__(self, *problems: tuple[str, Fix], stubborn: bool = False, code: int = 0) -> None:
        self.problems = list(problems)
        self.stubborn = stubborn
        self.code = code
        self.ran: list[str] = []

    def examine(self) -> list[Finding]:
        return [finding(key, fix) for key, fix in self.problems] or [
            finding("all", health=Health.OK)
        ]

    def run(self, script: str, say: command.Say, *, sudo: bool = False) -> int:
        self.ran.append(script)
        say(f"ran {script}")
        if not self.stubborn and self.code == 0:
            self.problems = [pair for pair in self.problems if pair[1].script != script]
        return self.code

    def fix_all(self, allow: bool = True) -> FixOutcome:
        return diagnose_and_apply(
            self.examine, allow=lambda _finding, _fix: allow, say=lambda _line: None, run=self.run
        )


def test_each_fix_runs_once_until_nothing_is_left() -> None:
    # Two findings with the same fix run it once.
    machine = FaultyMachine(("a", ONE), ("b", ONE), ("c", TWO))
    outcome = machine.fix_all()
    assert machine.ran == ["echo one", "echo two"]
    assert outcome.usable
    assert (outcome.ran, outcome.stopped) == ((ONE, TWO), "")
    assert machine.fix_all().ran == ()
    assert machine.ran == ["echo one", "echo two"]


def test_a_fix_without_effect_is_not_repeated() -> None:
    machine = FaultyMachine(("a", ONE), stubborn=True)
    outcome = machine.fix_all()
    assert machine.ran == ["echo one"]
    assert "a: the problem persists after the fix (one)" in outcome.stopped
    assert not outcome.usable


def test_a_failed_fix_stops_the_rest() -> None:
    machine = FaultyMachine(("a", ONE), ("b", TWO), code=100)
    outcome = machine.fix_all()
    assert machine.ran == ["echo one"]
    assert outcome.stopped == "failed: one"


def test_nothing_runs_without_consent() -> None:
    machine = FaultyMachine(("a", ONE), ("b", TWO))
    outcome = machine.fix_all(allow=False)
    assert machine.ran == []
    assert not outcome.usable


def test_a_healthy_finding_is_not_fixed() -> None:
    assert pending([finding("a", ONE, health=Health.OK)]) == []


def test_a_fix_as_root_needs_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    output: list[str] = []

    def run(script: str, say: command.Say, *, sudo: bool = False) -> int:
        calls.append(sudo)
        return 0

    as_root = Fix(title="r", script="true", as_root=True)
    monkeypatch.setattr(apply_module, "rights", lambda: Rights.SUDO)
    assert apply_fixes([as_root, ONE], run=run, say=output.append)
    assert calls == [True, False]
    monkeypatch.setattr(apply_module, "rights", lambda: Rights.NONE)
    assert not apply_fixes([as_root], run=run, say=output.append)
    assert "needs root, and sudo isn't available" in output[-1]
    assert len(calls) == 2


def test_the_output_of_a_script_is_streamed_by_line() -> None:
    output: list[str] = []
    script = "echo first\nprintf '10%%\\r100%%\\n'\necho err >&2\nfalse\necho never"
    assert not apply_fixes([Fix(title="t", script=script)], say=output.append)
    assert output == ["first", "100%", "err", "failed (exit code 1): t"]
