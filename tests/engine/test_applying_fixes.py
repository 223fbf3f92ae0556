"""What the fixes are, in each situation, and that running them again changes nothing."""

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


def fix_of(way: Fix | str) -> Fix:
    assert isinstance(way, Fix), way
    # What a person is shown must at least be shell.
    subprocess.run(["sh", "-n", "-c", way.script], check=True)
    return way


# Engine and Buildx


def test_debian_12_takes_a_newer_suite_pinned() -> None:
    fix = fix_of(engine_fix(debian(packages=OLD)))
    assert fix.as_root
    assert f"URIs: {MIRROR}" in fix.script
    assert "Suites: forky" in fix.script
    assert f"Signed-By: {NEWER_KEYRING}" in fix.script
    assert "Pin-Priority: 50\n" in fix.script
    assert "Pin-Priority: 990\n" in fix.script
    assert "apt-get update" in fix.script
    assert "docker.io docker-cli docker-buildx" in fix.script
    # The store is chosen before the very first start, so nothing has to be switched.
    assert fix.script.index("containerd-snapshotter") < fix.script.index("apt-get install")


def test_debian_12_without_lists_needs_no_step_of_its_own() -> None:
    assert "Suites: forky" in fix_of(engine_fix(debian())).script


def test_debian_13_has_too_old_a_buildx() -> None:
    machine = debian("13", "trixie", packages=TRIXIE)
    assert "Suites: forky" in fix_of(engine_fix(machine)).script
    assert fix_of(engine_fix(debian("13", "trixie"))).script == "apt-get update -qq\n"


def test_good_packages_are_just_installed() -> None:
    fix = fix_of(engine_fix(debian("14", "forky", packages=GOOD)))
    assert "sources.list.d" not in fix.script
    assert "ca-certificates docker.io docker-cli docker-buildx" in fix.script


def test_ubuntu() -> None:
    ubuntu = debian("24.04", "noble", distro="ubuntu", likes=("debian",), packages=UBUNTU)
    fix = fix_of(engine_fix(ubuntu))
    assert "docker.io docker-buildx" in fix.script
    assert "forky" not in fix.script
    old = debian("20.04", "focal", distro="ubuntu", packages=OLD)
    assert "docs.docker.com" in str(engine_fix(old))


def test_dockers_own_packages_stay_dockers_own() -> None:
    fix = fix_of(engine_fix(debian(packages=packages(docker_ce="5:24.0.7-1"))))
    assert "docker-ce docker-ce-cli containerd.io docker-buildx-plugin" in fix.script
    assert "docker.io" not in fix.script


def test_buildx_alone_leaves_the_engine() -> None:
    fix = fix_of(engine_fix(debian(packages=OLD), buildx_only=True))
    assert fix.script.rstrip(")\n").endswith("--no-install-recommends docker-buildx")
    assert "containerd-snapshotter" not in fix.script


def test_a_running_engine_is_restarted_when_it_is_renewed() -> None:
    old = debian(packages=OLD, docker_running=True, dockerd="/usr/sbin/dockerd")
    fix = fix_of(engine_fix(old))
    assert 'kill "$pid"' in fix.script
    assert "restarted" in fix.title
    # Its store may hold images: switching it is a step of its own.
    assert "containerd-snapshotter" not in fix.script


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (debian(packages=OLD, keyrings=()), "the key of Debian forky is missing"),
        (debian(packages=OLD, archives=()), "apt's sources have no Debian archive"),
        (debian(packages=packages(podman_docker="4.3")), "podman-docker"),
        (Machine(system="linux", distro="fedora"), "docker-ce"),
        (Machine(system="linux", distro="arch"), "pacman -S docker"),
        (Machine(system="linux", distro="alpine"), "apk add docker"),
        (Machine(system="darwin", desktop="OrbStack"), "start OrbStack"),
        (Machine(system="darwin"), "Docker Desktop, OrbStack or Colima"),
        (Machine(system="linux", distro="opensuse-leap"), "docs.docker.com"),
    ],
)
def test_where_we_explain_and_install_nothing(machine: Machine, words: str) -> None:
    way = engine_fix(machine)
    assert isinstance(way, str)
    assert words in way


def test_without_systemd_no_package_starts_a_service() -> None:
    assert "policy-rc.d" in fix_of(engine_fix(debian(packages=GOOD))).script
    booted = debian(packages=GOOD, systemd=True)
    assert "policy-rc.d" not in fix_of(engine_fix(booted)).script


# The engine's process and configuration


def test_start() -> None:
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
        # Twice changes nothing.
        assert with_containerd_store(text) is None


@pytest.mark.parametrize("before", ["{", "[]", '{"features": 1}', "nonsense"])
def test_a_broken_daemon_json_is_left_alone(before: str) -> None:
    with pytest.raises(ConfigError, match=r"daemon\.json"):
        with_containerd_store(before)
    with pytest.raises(ConfigError):
        config_script(debian(store_config=before))


def test_unreadable_daemon_json() -> None:
    with pytest.raises(ConfigError, match="Permission denied"):
        config_script(debian(store_config_error="Permission denied"))


def test_switching_the_store_keeps_a_copy_and_is_checked() -> None:
    machine = debian(store_config='{"debug": true}', dockerd="/usr/sbin/dockerd")
    fix = fix_of(store_fix(machine, image_count=7))
    assert "7 images" in fix.title
    assert "before-openhqm-tui" in fix.script
    assert fix.script.index("dockerd --validate") < fix.script.index("mv /etc/docker")
    assert "images" not in fix_of(store_fix(machine, image_count=0)).title.split(";")[-1]


# Emulators


def test_emulators() -> None:
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
    ("machine", "words"),
    [
        (Machine(system="darwin", desktop="Colima"), "Colima"),
        (Machine(system="linux", distro="fedora"), "--install arm64"),
        (debian(packages=GOOD), "no package"),
    ],
)
def test_emulators_elsewhere(machine: Machine, words: str) -> None:
    assert words in str(emulator_fix((ARM64,), machine))


@pytest.mark.parametrize(
    ("flags", "runs", "half"), [("PF", True, False), ("P", False, True), (None, False, False)]
)
def test_emulators_must_be_held_open(flags: str | None, runs: bool, half: bool) -> None:
    machine = debian(emulators={} if flags is None else {"qemu-aarch64": flags})
    assert runnable(AMD64, machine)
    assert runnable(ARM64, machine) is runs
    assert not_held_open(ARM64, machine) is half


# The loop


def finding(key: str, *fixes: Fix, health: Health = Health.FAIL) -> Finding:
    return Finding(key=key, title=key, health=health, detail="", fixes=fixes, needed=True)


ONE = Fix(title="one", script="echo one")
TWO = Fix(title="two", script="echo two")


class Patient:
    """Has troubles that a fix of the right name takes away."""

    def __init__(self, *troubles: tuple[str, Fix], stubborn: bool = False, code: int = 0) -> None:
        self.troubles = list(troubles)
        self.stubborn = stubborn
        self.code = code
        self.ran: list[str] = []

    def examine(self) -> list[Finding]:
        return [finding(key, fix) for key, fix in self.troubles] or [
            finding("all", health=Health.OK)
        ]

    def run(self, script: str, say: command.Say, *, sudo: bool = False) -> int:
        self.ran.append(script)
        say(f"ran {script}")
        if not self.stubborn and self.code == 0:
            self.troubles = [pair for pair in self.troubles if pair[1].script != script]
        return self.code

    def mended(self, allow: bool = True) -> FixOutcome:
        return diagnose_and_apply(
            self.examine, allow=lambda _finding, _fix: allow, say=lambda _line: None, run=self.run
        )


def test_everything_is_mended_once_and_then_nothing() -> None:
    # Two findings that want the same fix get it once.
    patient = Patient(("a", ONE), ("b", ONE), ("c", TWO))
    mended = patient.mended()
    assert patient.ran == ["echo one", "echo two"]
    assert mended.usable
    assert (mended.ran, mended.stopped) == ((ONE, TWO), "")
    assert patient.mended().ran == ()
    assert patient.ran == ["echo one", "echo two"]


def test_a_fix_that_does_not_help_is_not_repeated() -> None:
    patient = Patient(("a", ONE), stubborn=True)
    mended = patient.mended()
    assert patient.ran == ["echo one"]
    assert "a still has a problem after: one" in mended.stopped
    assert not mended.usable


def test_a_failed_fix_stops_it() -> None:
    patient = Patient(("a", ONE), ("b", TWO), code=100)
    mended = patient.mended()
    assert patient.ran == ["echo one"]
    assert mended.stopped == "failed: one"


def test_nothing_runs_without_consent() -> None:
    patient = Patient(("a", ONE), ("b", TWO))
    mended = patient.mended(allow=False)
    assert patient.ran == []
    assert not mended.usable


def test_what_is_well_is_not_mended() -> None:
    assert pending([finding("a", ONE, health=Health.OK)]) == []


def test_root_by_sudo_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    said: list[str] = []

    def run(script: str, say: command.Say, *, sudo: bool = False) -> int:
        calls.append(sudo)
        return 0

    as_root = Fix(title="r", script="true", as_root=True)
    monkeypatch.setattr(apply_module, "rights", lambda: Rights.SUDO)
    assert apply_fixes([as_root, ONE], run=run, say=said.append)
    assert calls == [True, False]
    monkeypatch.setattr(apply_module, "rights", lambda: Rights.NONE)
    assert not apply_fixes([as_root], run=run, say=said.append)
    assert "needs root, and sudo isn't available" in said[-1]
    assert len(calls) == 2


def test_a_real_script_streams_its_lines() -> None:
    said: list[str] = []
    script = "echo first\nprintf '10%%\\r100%%\\n'\necho err >&2\nfalse\necho never"
    assert not apply_fixes([Fix(title="t", script=script)], say=said.append)
    assert said == ["first", "100%", "err", "failed (exit code 1): t"]
