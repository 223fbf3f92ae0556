"""The version and speed of an emulator, and the text shown for them."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.file_kinds import header, machine_of
from openhqm_tui.domain.emulators import Emulator, crash_hint, parse_version, speed_text
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run.critical_path import emulation_cost
from openhqm_tui.domain.run.state import RunState
from tests.emulated_runs import ELEVEN, SEVEN, emulated_run

ARM64, RISCV64 = parse_platform("arm64"), parse_platform("riscv64")
DEBIAN_7 = "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"


def measured(emulator: Emulator, factor: float, *, best: bool = False) -> Emulator:
    return Emulator(version=emulator.version, flags="PF", factor=factor, best=best)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (f"qemu-aarch64 version {DEBIAN_7}\nCopyright (c) 2003-2022\n", DEBIAN_7),
        ("qemu-aarch64 version 10.2.3\n", "10.2.3"),
        ("seconds 0.14\n", ""),
        ("", ""),
    ],
)
def test_the_version_is_read_from_the_emulators_output(text: str, version: str) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("arch", ["386", "arm", "arm64", "ppc64le", "riscv64", "s390x"])
def test_a_bare_elf_header_is_recognized_as_its_machine(arch: str) -> None:
    assert machine_of(header(arch)) == parse_platform(arch).binary
    assert len(header(arch)) >= 64
    assert header("z80") == b""


@pytest.mark.parametrize(
    ("version", "crashes"),
    [
        ("7.2.22", False),
        ("8.1.5", False),
        ("8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)", True),
        ("9.2.4", True),
        ("10.0.0", False),
        ("", False),
    ],
)
def test_emulator_versions_that_crash_are_recognized(version: str, crashes: bool) -> None:
    assert Emulator(version=version).crashes is crashes


@pytest.mark.parametrize(
    ("emulator", "platform", "slow"),
    [
        (SEVEN, ARM64, True),
        (ELEVEN, ARM64, False),
        (measured(SEVEN, 19.6), ARM64, True),
        (measured(ELEVEN, 19.6), ARM64, False),
        # Without a measurement, an old version counts as slow only on arm64.
        (SEVEN, RISCV64, False),
        (measured(SEVEN, 5.0), RISCV64, False),
        (measured(SEVEN, 15.0), RISCV64, True),
        (measured(SEVEN, 15.0, best=True), RISCV64, False),
        (Emulator(name="Rosetta"), ARM64, False),
    ],
)
def test_an_emulator_is_slow_if_another_version_would_be_faster(emulator, platform, slow) -> None:
    assert emulator.slow_on(platform) is slow


def test_a_slow_emulator_is_shown_with_the_speed_of_a_newer_one() -> None:
    assert (
        speed_text(measured(SEVEN, 19.6), ARM64)
        == "20 × slower than native; about 7 × with QEMU 10 or later"
    )
    assert speed_text(measured(ELEVEN, 6.94), ARM64) == "6.9 × slower than native"
    assert "with QEMU 10 or later" in speed_text(SEVEN, ARM64)
    assert speed_text(SEVEN, RISCV64) == ""


def test_a_crash_hint_names_the_installed_version_and_a_better_one() -> None:
    old = crash_hint(Emulator(version="8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)"))
    assert "QEMU 8.2.2" in old
    assert "QEMU 10 or later" in old
    assert "QEMU 7.2.22" in crash_hint(SEVEN)
    assert "QEMU 10 or later" in crash_hint(SEVEN)
    # A version that is already installed is not recommended.
    assert "or later" not in crash_hint(ELEVEN)
    assert "QEMU 10 or later" in crash_hint(None)


def test_emulated_minutes_are_shown_with_the_time_a_faster_emulator_saves() -> None:
    text = emulation_cost(emulated_run((0, 200), (200, 300)))
    # 300 s at 22 ×; at 7 × about 7 / 22 of that would remain.
    assert "linux/arm64: 5 minutes under QEMU 7.2.22" in text
    assert "saved about 3 minutes" in text
    assert "doctor --fix" in text


def test_parallel_emulated_steps_count_once() -> None:
    assert "linux/arm64: 5 minutes" in emulation_cost(emulated_run((0, 300), (100, 300)))


@pytest.mark.parametrize(
    "state",
    [
        emulated_run((0, 59)),
        emulated_run((0, 300), emulator=ELEVEN),
        emulated_run((0, 300), emulator=None),
        emulated_run(),
    ],
)
def test_short_or_fast_emulation_has_no_cost_note(state: RunState) -> None:
    assert emulation_cost(state) == ""
