"""Generated scripts and command lines: an untrusted word in them is quoted."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from threading import Event

import msgspec
import pytest

from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.command import RunScript, stoppable, stream
from openhqm_tui.engine.doctor import base_findings
from openhqm_tui.engine.doctor.apt import Archive, Candidate
from openhqm_tui.engine.doctor.base_findings import bootstrap_fix
from openhqm_tui.engine.doctor.diagnose import _permission
from openhqm_tui.engine.doctor.emulators import emulator_fix, newer_emulator_fix
from openhqm_tui.engine.doctor.machine import Machine
from openhqm_tui.tui.plan.variant_panel import command_lines
from tests.hostile.words import hostile, unclean

# It creates a file if any part of it runs, whatever the quoting.
WORD = "v9'; touch ran; echo '\"; touch ran; $(touch ran)`touch ran`\ntouch ran\n"
HOSTILE = Platform("linux", "arm", WORD)
MACHINE = Machine(
    distro="debian",
    codename="trixie",
    likes=(),
    apt=True,
    root=True,
    packages={
        name: Candidate("1", "1") for name in ("qemu-user-static", "binfmt-support", "mmdebstrap")
    },
    archives=(Archive(uri=f"http://x/{WORD}", suites=("trixie",), components=("main",)),),
    keyrings=(f"/usr/share/keyrings/{WORD}.gpg",),
)


_PROGRAMS = (
    "docker grep tar mmdebstrap ln cat mkdir mktemp rm awk sed install mv head dpkg usermod "
    "mountpoint mount update-binfmts sleep apt-get"
)


def run_isolated(script: str, folder: Path) -> list[str]:
    """Run a script with shell built-ins and programs that do nothing; return the files created."""
    programs = folder / "programs"
    programs.mkdir()
    touch = programs / "touch"
    touch.write_text(f"#!/bin/sh\n: > '{folder / 'ran'}'\n")
    for name in _PROGRAMS.split():
        (programs / name).write_text("#!/bin/sh\nexit 0\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env={"PATH": str(programs)}, timeout=60,
        capture_output=True, check=False,
    )  # fmt: skip
    return [path.name for path in folder.rglob("ran*")]


def scripts() -> dict[str, str]:
    emulator = emulator_fix([HOSTILE], MACHINE)
    assert isinstance(emulator, Fix)
    base = bootstrap_fix([HOSTILE], MACHINE, ref=f"x/{WORD}")
    newer = newer_emulator_fix([HOSTILE], MACHINE, f"x/{WORD}")
    assert isinstance(newer, Fix)
    (member,), _ = _permission(msgspec.structs.replace(MACHINE, user=WORD))
    order = BuildOptions(
        {WORD: (HOSTILE,)}, name=f"a/{WORD}", tag=WORD, builder=WORD, base_image=f"b/{WORD}"
    )
    lines = command_lines(order, 2)
    return {
        "emulator": emulator.script,
        "base": base.script,
        "newer emulator": newer.script,
        "group": member.script,
        "build": f"openhqm-tui() {{ :; }}\n{lines.build[0]}",
        "bake": f"openhqm-tui() {{ :; }}\n{lines.bake[0].replace('> bake.json', '')}",
    }


@pytest.mark.parametrize("name", ["emulator", "base", "newer emulator", "group", "build", "bake"])
def test_an_untrusted_word_in_a_script_is_not_executed(name: str, tmp_path: Path) -> None:
    script = scripts()[name]
    assert "touch" in script, "the script contains the word"
    assert run_isolated(script, tmp_path) == []


def test_the_word_would_be_executed_without_quotes(tmp_path: Path) -> None:
    assert run_isolated(f"echo '{WORD}'", tmp_path) == ["ran"]


def test_the_recipe_quotes_the_image_name() -> None:
    script = bootstrap_fix([HOSTILE], MACHINE, ref=f"x/{WORD}").script
    assert shlex.quote(f"x/{WORD}") in script
    assert base_findings.SUITE in script


@pytest.mark.parametrize("run", [stream, stoppable(Event())])
def test_output_of_a_fix_has_no_control_characters(run: RunScript, tmp_path: Path) -> None:
    output: list[str] = []
    (tmp_path / "word").write_text(hostile(1))
    assert run(f"cat {shlex.quote(str(tmp_path / 'word'))}", output.append) == 0
    assert output
    assert not unclean("\n".join(output))
