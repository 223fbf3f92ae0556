"""`--help` is right about settings and files, and fits in 80 columns."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import platformdirs.macos
import platformdirs.unix
import pytest

from openhqm_tui.cli import manual
from openhqm_tui.cli.main import build_parser
from openhqm_tui.store.settings import KEYS


def all_help(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield the command and the help of every parser."""
    yield parser.prog, parser.format_help()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from all_help(each)


def test_every_setting_is_listed() -> None:
    words = set(manual.SETTINGS[1].split())
    assert KEYS.keys() - words == set()


def test_the_folders_are_those_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    listed = manual.FILES[1].replace("~", "/home/me")
    for system in (platformdirs.unix.Unix, platformdirs.macos.MacOS):
        dirs = system("openhqm-tui")
        for folder in (dirs.user_state_dir, dirs.user_cache_dir, dirs.user_config_dir):
            assert folder in listed


def test_every_help_fits_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = dict(all_help(build_parser()))
    assert {"openhqm-tui", "openhqm-tui build", "openhqm-tui runs prune"} <= set(found)
    for command, text in found.items():
        assert [line for line in text.splitlines() if len(line) > 80] == [], command
