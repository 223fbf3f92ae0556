"""`serve`: its output before it starts, and refused options."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.commands import serve
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.web.server import ConsoleServer

TOKEN = "a-token-that-nobody-guesses"


class Started:
    """The configuration that a server would have been started with."""

    words: tuple[str, ...] = ()
    locked = False
    secure = False


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Started:
    started = Started()

    def note(server: ConsoleServer, bound: object) -> None:
        started.words = server._words
        started.locked = server._guard._authenticator.is_locked
        started.secure = server._guard._secure

    monkeypatch.setattr(ConsoleServer, "serve_on", note)
    monkeypatch.chdir(tmp_path)
    return started


def run(*words: str) -> int:
    return main(["serve", "--port", "0", *words])


def test_on_this_machine_no_token_is_needed(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("http://127.0.0.1:")
    assert "/ opens the console on this machine (full control)" in printed.out
    assert len(printed.out.splitlines()) == 1
    assert printed.err == ""
    assert not started.locked
    assert "--watch-only" not in started.words


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9"])
def test_on_any_loopback_name_no_token_is_needed(started: Started, host: str) -> None:
    assert run("--host", host) == 0
    assert not started.locked


@pytest.mark.parametrize(
    "words",
    [
        ("--host", "0.0.0.0"),
        ("--public-url", "https://builds.example.org"),
        ("--ask-token",),
    ],
)
def test_otherwise_a_token_is_generated_and_shown_once(
    started: Started, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(*words) == 0
    printed = capsys.readouterr()
    address, _, rest = printed.out.partition("/?token=")
    token = rest.split()[0]
    assert address.startswith(("http://", "https://builds.example.org"))
    assert len(token) == 43
    assert token not in printed.err
    assert started.locked


@pytest.mark.parametrize(
    ("words", "watch_only"),
    [
        ((), False),
        (("--watch-only",), True),
        (("--ask-token",), False),
        (("--host", "0.0.0.0"), True),
        (("--host", "0.0.0.0", "--allow-control"), False),
        (("--public-url", "https://builds.example.org"), True),
        (("--public-url", "https://builds.example.org", "--allow-control"), False),
    ],
)
def test_remote_clients_only_watch_by_default(
    started: Started, words: tuple[str, ...], watch_only: bool
) -> None:
    assert run(*words) == 0
    assert ("--watch-only" in started.words) is watch_only


def test_serving_the_network_suggests_a_safer_way(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--host", "0.0.0.0") == 0
    assert "to connect with `ssh -L" in capsys.readouterr().err


def test_a_given_token_is_not_shown(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert run("--token-file", str(file)) == 0
    assert started.locked
    monkeypatch.setenv("OPENHQM_TUI_SERVE_TOKEN", TOKEN)
    assert run() == 0
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err
    assert printed.out.count("/?token=… opens the console with your token in place of …") == 2


def test_behind_tls_the_cookie_is_secure(started: Started) -> None:
    assert run("--public-url", "https://builds.example.org") == 0
    assert started.secure


def test_a_token_file_that_others_can_read_is_refused(tmp_path: Path, started: Started) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o640)
    with pytest.raises(UsageProblem, match="other users can read it; run `chmod 600"):
        serve.run(parse(["serve", "--token-file", str(file)]))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--port 70000", "--port 70000: not a port number; use a number from 0"),
        ("--port x", "--port x: not a port number"),
        ("--most-sessions 0", "--most-sessions 0: not a positive integer"),
        ("--token-file /nowhere/token", "--token-file /nowhere/token can't be read (No such file"),
        ("--host no-such-host.invalid", "--host no-such-host.invalid can't be resolved"),
        ("--host 192.0.2.1", "can't listen on 192.0.2.1 (Cannot assign requested address)"),
        ("--public-url x", "--public-url x: not the URL of a server"),
        ("--watch-only --allow-control", "not allowed with"),
        ("--token secret", "unknown flag '--token': did you mean"),
    ],
)
def test_invalid_options_are_one_line(
    started: Started, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    assert run(*words.split()) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


def test_a_port_in_use_is_one_line(started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"openhqm-tui: port {port} on 127.0.0.1 is already in use; try --port")
    assert len(err.splitlines()) == 1


def test_without_the_extra_the_install_command_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert run() == 2
    err = capsys.readouterr().err
    for way in ("pip install 'openhqm-tui[serve]'", "pipx inject", "uv tool install"):
        assert way in err
    assert len(err.splitlines()) == 1


def test_watch_only_cannot_be_used_with_a_command() -> None:
    assert parse(["--watch-only"]).watch_only
    with pytest.raises(UsageProblem, match="can't be combined with build; omit --watch-only"):
        parse(["--watch-only", "build"])
