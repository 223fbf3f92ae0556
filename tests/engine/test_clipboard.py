"""The clipboard programs that get copied text, and that none of them blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.engine.terminal import copy_commands, copy_to_system

ALL = {"tmux", "pbcopy", "wl-copy", "xclip", "xsel"}
SSH = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("env", "found", "mac", "programs"),
    [
        ({}, ALL, False, []),
        ({}, ALL, True, ["pbcopy"]),
        (SSH, ALL, True, []),
        ({"DISPLAY": ":0"}, ALL, False, ["xclip"]),
        ({"DISPLAY": ":0"}, ALL - {"xclip"}, False, ["xsel"]),
        ({"DISPLAY": ":0"}, {"tmux"}, False, []),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ALL, False, ["wl-copy"]),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, {"xclip"}, False, ["xclip"]),
        (SSH | {"DISPLAY": "localhost:10.0"}, ALL, False, ["xclip"]),
        (SSH | {"TMUX": "/tmp/tmux"}, ALL, False, ["tmux"]),
        ({"TMUX": "/tmp/tmux", "DISPLAY": ":0"}, ALL, False, ["tmux", "xclip"]),
        ({"TMUX": "/tmp/tmux"}, set(), False, []),
    ],
)
def test_available_clipboard_programs_are_chosen(env, found, mac, programs):
    commands = copy_commands(env, found=found.__contains__, mac=mac)
    assert [command[0] for command in commands] == programs


def test_the_text_is_passed_to_the_program(tmp_path: Path, monkeypatch):
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/got\necho noise; echo noise >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    copy_to_system("é 3 lines\n\udcff")
    assert (tmp_path / "got").read_bytes() == "é 3 lines\n?".encode()


def test_a_hanging_program_is_abandoned(tmp_path: Path, monkeypatch):
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\nsleep 30\ntouch {tmp_path}/finished\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("openhqm_tui.engine.terminal._PATIENCE_SECONDS", 0.1)
    copy_to_system("text")
    assert not (tmp_path / "finished").exists()
