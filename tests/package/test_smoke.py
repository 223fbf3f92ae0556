"""The installed console in a real terminal, on every installed Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package import debian_python
from tests.package.conftest import ConsoleOn
from tests.package.installed import Console
from tests.pythons import OWN, SUPPORTED
from tests.terminal import Screen

# Text that only this screen shows without an engine and a run.
SCREENS = {
    "2": "No run is open.",
    "3": "The images of a target are checked",
    "4": "No runs yet.",
    "5": "Docker client",
    "1": "[ ] all rows",
}
# For a missing Python a Debian root file system is created, which is slow.
VERSIONS = [
    pytest.param(version, marks=[pytest.mark.full] if version == debian_python.VERSION else [])
    for version in SUPPORTED
]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_installed_console_works_on_every_python(
    console_on: ConsoleOn, version: str, tmp_path: Path
) -> None:
    assert_all_screens_work(console_on(version), tmp_path)


@pytest.mark.parametrize(
    "version",
    [pytest.param(one, marks=[] if one == OWN else [pytest.mark.full]) for one in SUPPORTED],
)
def test_replay_opens_the_installed_console_on_every_python(
    console_on: ConsoleOn, version: str, tmp_path: Path
) -> None:
    console = console_on(version)
    command = [*console.command, "replay", "demo"]
    with Screen(command, cwd=tmp_path, environment=console.environment) as terminal:
        terminal.shows("replay 1×", "kafka", "linux/amd64")
        terminal.press("q")
        code = terminal.exit_code()
    assert code == 0, terminal.text


def test_the_console_works_with_the_lowest_allowed_versions(
    console_on_lowest: Console, tmp_path: Path
) -> None:
    assert_all_screens_work(console_on_lowest, tmp_path)


def assert_all_screens_work(console: Console, cwd: Path) -> None:
    """Open all screens, play the recorded run, and quit; assert what is shown and the exit code."""
    with Screen(console.command, cwd=cwd, environment=console.environment) as terminal:
        terminal.shows(
            "1 Plan", "[ ] all rows", "minimal", "the `docker` command was not found", "q Quit"
        )
        for key, text in SCREENS.items():
            terminal.press(key)
            terminal.shows(text, "the `docker` command was not found")
        terminal.press("D")
        terminal.shows("replay 1×", "kafka", "linux/amd64")
        terminal.press("T")
        terminal.shows("8/8")
        terminal.press("3")
        terminal.shows("kafka linux/arm64", "architecture", "e Evidence")
        terminal.press("q")
        code = terminal.exit_code()
    assert code == 0, terminal.text
    assert "Traceback" not in terminal.text
