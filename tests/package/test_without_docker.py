"""The installed wheel in an empty folder without Docker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openhqm_tui import __version__
from tests.our_variants import VARIANT_NAMES
from tests.package.conftest import ROOT
from tests.package.installed import Installed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty working directory."""
    place = tmp_path / "folder"
    place.mkdir()
    return place


def test_the_command_and_the_module_behave_the_same(installed: Installed, folder: Path) -> None:
    for words in (["openhqm-tui"], ["python", "-m", "openhqm_tui"]):
        version = installed.run(*words, "--version", cwd=folder)
        assert (version.returncode, version.stdout) == (0, f"openhqm-tui {__version__}\n")
        help_output = installed.run(*words, "--help", cwd=folder)
        assert help_output.stdout.startswith("usage: openhqm-tui "), help_output.stderr
        assert help_output.returncode == 0


def test_variants_are_listed(installed: Installed, folder: Path) -> None:
    ran = installed.run("openhqm-tui", "variants", "--format", "json", cwd=folder)
    names = [json.loads(line)["name"] for line in ran.stdout.splitlines()]
    assert names == list(VARIANT_NAMES)


def test_the_plan_uses_bundled_files(installed: Installed, folder: Path) -> None:
    ran = installed.run("openhqm-tui", "plan", "--build-all", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    targets = json.loads(ran.stdout)["target"]
    assert set(targets) == set(VARIANT_NAMES)
    for target in targets.values():
        for path in (target["context"], target["dockerfile"]):
            assert Path(path).is_relative_to(installed.environment)
            assert Path(path).exists()


def test_a_build_without_docker_suggests_the_replay(installed: Installed, folder: Path) -> None:
    ran = installed.run("openhqm-tui", "build", "--backend", "redis", cwd=folder)
    assert ran.returncode == 3
    assert "openhqm-tui replay" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_recorded_run_is_replayed_to_its_end(installed: Installed, folder: Path) -> None:
    words = ("replay", "demo", "--speed", "max", "--format", "plain")
    ran = installed.run("openhqm-tui", *words, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    for variant in VARIANT_NAMES:
        for platform in ("linux/amd64", "linux/arm64"):
            assert any(variant in line and platform in line for line in ran.stdout.splitlines()), (
                variant,
                platform,
            )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(installed: Installed, folder: Path, shell: str) -> None:
    ran = installed.run("openhqm-tui", "completion", shell, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert "_ARGCOMPLETE" in ran.stdout


def test_bundled_guides_can_be_read(installed: Installed, folder: Path) -> None:
    code = (
        "from openhqm_tui.store.paths import bundled\n"
        "for file in sorted(bundled('guides').rglob('*.md')):\n"
        "    file.read_text(encoding='utf-8')\n"
        "    print(file.name)"
    )
    ran = installed.run("python", "-c", code, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == sorted(
        file.name for file in (ROOT / "assets" / "guides").rglob("*.md")
    )


def test_every_module_can_be_imported(installed: Installed, folder: Path) -> None:
    code = (
        "import importlib, pkgutil, openhqm_tui\n"
        "names = [m.name for m in pkgutil.walk_packages(openhqm_tui.__path__, 'openhqm_tui.')\n"
        "         if '.bundled' not in m.name and '.web' not in m.name]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(len(names))"
    )
    ran = installed.run("python", "-W", "error::SyntaxWarning", "-c", code, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 200


def test_commands_leave_no_files_in_the_folder_or_the_home(
    installed: Installed, folder: Path
) -> None:
    for words in (["--help"], ["variants"], ["plan", "--build-all"], ["completion", "bash"]):
        assert installed.run("openhqm-tui", *words, cwd=folder).returncode == 0
    assert list(folder.iterdir()) == []
    assert list((folder.parent / "home").rglob("*")) == []
