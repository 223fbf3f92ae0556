"""The fix that replaces a slow QEMU: where it gets a newer one, measures and registers it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.engine.docker.command import CommandResult, stream
from openhqm_tui.engine.docker.facts import EngineFacts, read_facts
from openhqm_tui.engine.doctor.diagnose import diagnose
from openhqm_tui.engine.doctor.emulators import (
    IMAGE,
    PROBE,
    newer_emulator_fix,
    was_tried,
    with_emulators,
)
from openhqm_tui.engine.doctor.machine import Machine
from tests.engine.fakes import AMD64, ARM64, MIRROR, FakeRunner, debian, packages, policy, runner

OLD, NEW = "7.2.22 (Debian 1:7.2+dfsg-7)", "11.1.2 (Debian 1:11.1.2+ds-3)"
BASE = "openhqm-base:3.13-debian"
MAGIC, MASK = "7f454c460201010000000000000000000200b700", "ffffffffffffff00fffffffffffffffffeffffff"


def fix_of(machine: Machine, image: str = BASE) -> Fix:
    fix = newer_emulator_fix((ARM64,), machine, image)
    assert isinstance(fix, Fix)
    assert subprocess.run(["sh", "-n"], input=fix.script, text=True, check=False).returncode == 0
    return fix


def facts(*emulators: tuple[str, Emulator], **changes: object) -> EngineFacts:
    fields = {"local": True, "free_bytes": 50 << 30, "emulators": dict(emulators), **changes}
    return msgspec.structs.replace(read_facts(run=runner()), **fields)


def emulator_of(state: EngineFacts, machine: Machine | None = None) -> Finding:
    machine = machine or debian(emulators={"qemu-aarch64": "PF"})
    findings = diagnose(state, machine, run=runner(apt=policy(qemu_user="1:7.2")))
    return next(one for one in findings if one.key == "emulator:linux/arm64")


def test_only_the_binary_is_extracted_and_apt_sources_are_unchanged() -> None:
    fix = fix_of(debian())
    assert "from Debian forky" in fix.title
    assert f"URIs: {MIRROR}" in fix.script
    assert "Dir::Etc::SourceParts=-" in fix.script
    assert "apt-get install" not in fix.script
    assert "/etc/apt" not in fix.script
    assert "tar -x ./usr/bin/qemu-aarch64" in fix.script


def test_a_newer_qemu_in_the_own_suite_is_preferred() -> None:
    fix = fix_of(debian("13", "trixie", packages=packages(qemu_user="1:10.0.8+ds-0")))
    assert "this system's packages" in fix.title
    assert "forky" not in fix.script


@pytest.mark.parametrize(
    "machine", [debian(distro="ubuntu", likes=("debian",)), Machine(distro="fedora")]
)
def test_other_systems_use_a_pinned_image(machine: Machine) -> None:
    assert re.search(r"@sha256:[0-9a-f]{64}$", IMAGE)
    fix = fix_of(machine)
    assert f"docker pull --quiet {IMAGE}" in fix.script
    assert "apt-get" not in fix.script


def test_the_image_is_the_fallback_if_the_suite_cant_be_reached() -> None:
    assert f"docker pull --quiet {IMAGE}" in fix_of(debian()).script


def test_without_a_base_image_or_on_a_desktop_advice_is_given() -> None:
    assert "base image" in str(newer_emulator_fix((ARM64,), debian(), ""))
    mac = Machine(system="darwin", desktop="Docker Desktop")
    assert "--install arm64" in str(newer_emulator_fix((ARM64,), mac, BASE))


def test_the_command_that_restores_the_old_emulator_is_shown_first() -> None:
    first = fix_of(debian(packages=packages(binfmt_support="2.2"))).script.splitlines()[0]
    assert "update-binfmts --import qemu-aarch64" in first
    assert "systemctl restart systemd-binfmt" in fix_of(debian(systemd=True)).script.splitlines()[0]


# The script, run on a fake system


class System:
    """Fake versions of the folders and commands that the script uses."""

    def __init__(self, root: Path, *, support: bool, newer: str = "0.5") -> None:
        self.root = root
        for folder in ("binfmt", "lib", "etc", "share", "var", "bin", "dist"):
            (root / folder).mkdir()
        self.entry = root / "binfmt/qemu-aarch64"
        self.entry.write_text(
            f"enabled\ninterpreter /usr/bin/old\nflags: PF\noffset 0\nmagic {MAGIC}\nmask {MASK}\n"
        )
        self.log = root / "log"
        if support:
            (root / "share/qemu-aarch64").touch()
            (root / "var/qemu-aarch64").write_text("qemu-user-static\n")
        version_file = root / "registered"
        version_file.write_text(OLD)
        self._command(
            "docker",
            f"""case "$*" in
  *buildx*) echo linux/arm64 ;;
  *QEMU_VERSION*) echo "qemu-aarch64 version $(cat {version_file})" ;;
  *sys.executable*) echo /usr/bin/python3 ;;
  *--volume*) echo seconds {newer} ;;
  *) echo seconds 2.5 ;;
esac""",
        )
        self._command("apt-get", "case $* in *download*) : > qemu-user_11_amd64.deb ;; esac")
        binary = f"#!/bin/sh\necho qemu-aarch64 version '{NEW}'\n"
        self._command(
            "dpkg-deb",
            f"mkdir -p usr/bin; printf '%s' \"{binary}\" > usr/bin/qemu-aarch64\n"
            "chmod 755 usr/bin/qemu-aarch64; tar -c usr",
        )
        self._command("tar", '[ "$1" = -c ] || cat > /dev/null')
        self._command("update-binfmts", f'echo "$*" >> {self.log}')

    def _command(self, name: str, script: str) -> None:
        file = self.root / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def run(self, fix: Fix) -> list[str]:
        script = fix.script
        for original, fake in {
            "/proc/sys/fs/binfmt_misc": "binfmt",
            "/usr/local/lib/openhqm-tui": "lib",
            "/etc/binfmt.d": "etc",
            "/usr/share/binfmts": "share",
            "/var/lib/binfmts": "var",
            "/usr/lib/binfmt.d": "dist",
            "/run/systemd/system": "no-systemd",
        }.items():
            script = script.replace(original, str(self.root / fake))
        output: list[str] = []
        path = f"PATH={self.root / 'bin'}:$PATH\n"
        assert stream(path + script, output.append) == 0, output
        return output


def test_a_faster_emulator_is_registered_permanently(tmp_path: Path) -> None:
    system = System(tmp_path, support=True)
    output = system.run(fix_of(debian()))
    installed = tmp_path / "lib/qemu-aarch64"
    assert installed.stat().st_mode & 0o111
    unimport, install = system.log.read_text().splitlines()
    assert unimport == "--unimport qemu-aarch64"
    # Without --package: an upgrade of the package keeps what an administrator registered.
    assert install.startswith(f"--install qemu-aarch64 {installed} ")
    assert r"--magic \x7f\x45\x4c\x46" in install
    assert "--preserve yes --fix-binary yes --credentials no" in install
    magic, mask = (re.sub("(..)", r"\\x\1", text) for text in (MAGIC, MASK))
    line = f":qemu-aarch64:M:0:{magic}:{mask}:{installed}:PF"
    assert (tmp_path / "binfmt/register").read_text() == line
    assert any(
        "benchmark took 2.5 s with 7.2.22" in one and "0.5 s with 11.1.2" in one for one in output
    )
    assert any("to restore the old version: rm -f" in one for one in output)


def test_without_binfmt_support_it_is_registered_through_systemd(tmp_path: Path) -> None:
    system = System(tmp_path, support=False)
    system.run(fix_of(debian()))
    (conf,) = (tmp_path / "etc").iterdir()
    assert conf.name == "qemu-aarch64.conf"
    assert conf.read_text().startswith(":qemu-aarch64:M:0:")
    assert not system.log.exists()


def test_a_slower_emulator_is_neither_registered_nor_offered_again(tmp_path: Path) -> None:
    system = System(tmp_path, support=True, newer="2.4")
    before = system.entry.read_text()
    output = system.run(fix_of(debian()))
    assert any("keeping the registered version" in one for one in output)
    assert system.entry.read_text() == before
    assert not (tmp_path / "binfmt/register").exists()
    assert was_tried(ARM64, Emulator(version=OLD), tmp_path / "lib")
    assert not was_tried(ARM64, Emulator(version="8.2.2"), tmp_path / "lib")


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    system = System(tmp_path, support=True)
    (tmp_path / "registered").write_text(NEW)
    output = system.run(fix_of(debian()))
    assert any("is already registered" in one for one in output)
    assert not system.log.exists()
    assert not (tmp_path / "binfmt/register").exists()


# The Doctor's finding


def test_a_slow_emulator_is_a_finding_with_its_version_flags_and_factor() -> None:
    found = emulator_of(facts(("linux/arm64", Emulator(version=OLD, flags="PF", factor=19.6))))
    assert found.health is Health.WARN
    assert not found.blocks
    assert found.detail.startswith("QEMU 7.2.22, flags PF: 20 × slower than native")
    assert found.fixes


def test_a_fast_emulator_is_ok() -> None:
    found = emulator_of(facts(("linux/arm64", Emulator(version=NEW, flags="PF", factor=6.9))))
    assert found.health is Health.OK
    assert not found.fixes


def test_a_slow_emulator_is_ok_if_a_newer_one_was_not_faster() -> None:
    tried = Emulator(version=OLD, factor=19.6, best=True)
    found = emulator_of(facts(("linux/arm64", tried)))
    assert found.health is Health.OK
    assert "newer version was measured on this machine" in found.detail
    unmeasured = facts(("linux/arm64", Emulator(version=OLD, best=True)))
    assert ": a newer version was measured" in emulator_of(unmeasured).detail


def test_a_version_that_crashes_is_replaced_even_if_it_is_fast() -> None:
    found = emulator_of(facts(("linux/arm64", Emulator(version="8.2.2", factor=5.0))))
    assert found.health is Health.WARN
    assert "crashes" in found.why


def test_a_slow_emulator_on_a_remote_engine_gets_only_advice() -> None:
    slow = ("linux/arm64", Emulator(version=OLD, factor=19.6))
    found = emulator_of(facts(slow, local=False))
    assert not found.fixes
    assert "--install arm64" in found.advice


# Detection and measurement


class Emulated(FakeRunner):
    """Containers that print a version if it is requested, otherwise the seconds of the probe."""

    def __init__(self, version: str, seconds: float) -> None:
        super().__init__({})
        self.version, self.seconds = version, seconds

    def _one(self, line: str) -> CommandResult:
        self.ran.append(line)
        if "QEMU_VERSION" in line and self.version:
            return CommandResult(0, f"qemu-aarch64 version {self.version}\nCopyright (c)\n")
        return CommandResult(0, f"seconds {self.seconds if 'linux/arm64' in line else 0.1}\n")


def test_the_emulator_is_detected_in_a_container_and_measured_once(tmp_path: Path) -> None:
    cache_file = tmp_path / "state/emulators.json"
    elsewhere, run = facts(local=False), Emulated(OLD, 2.0)
    for _ in range(2):
        seen = with_emulators(
            elsewhere, (AMD64, ARM64), image=BASE, memory=cache_file, measure=True, run=run
        )
        assert seen.emulators == {"linux/arm64": Emulator(version=OLD, factor=20.0)}
    assert sum(PROBE in line and "QEMU_VERSION" not in line for line in run.ran) == 2
    # The quick diagnosis measures nothing and uses the cached result.
    quick = with_emulators(elsewhere, (ARM64,), image=BASE, memory=cache_file, run=run)
    assert quick.emulators["linux/arm64"].factor == 20.0
    # Another emulator invalidates the cached result.
    other = Emulated(NEW, 0.7)
    seen = with_emulators(
        elsewhere, (ARM64,), image=BASE, memory=cache_file, measure=True, run=other
    )
    assert seen.emulators["linux/arm64"].factor == 7.0


def test_an_emulator_without_a_qemu_version_is_not_qemu() -> None:
    arm = facts(local=False)
    seen = with_emulators(arm, (ARM64,), image=BASE, run=Emulated("", 0.3))
    assert seen.emulators["linux/arm64"].name == "an emulator"
    assert not seen.emulators["linux/arm64"].slow_on(ARM64)


def test_a_damaged_cache_is_measured_again(tmp_path: Path) -> None:
    cache_file = tmp_path / "emulators.json"
    cache_file.write_text("{")
    seen = with_emulators(
        facts(local=False),
        (ARM64,),
        image=BASE,
        memory=cache_file,
        measure=True,
        run=Emulated(OLD, 2.0),
    )
    assert seen.emulators["linux/arm64"].factor == 20.0


def test_emulators_of_a_remote_builder_are_not_queried() -> None:
    run = Emulated(OLD, 2.0)
    seen = with_emulators(facts(driver="remote"), (ARM64,), image=BASE, measure=True, run=run)
    assert seen.emulators == {}
    assert run.ran == []
