"""Real consoles behind a real server: their output, and that none is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType

from openhqm_tui.web.server import ConsoleSession
from tests.processes import is_gone
from tests.waiting import soon
from tests.web.serving import Served, all_gone, serve

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"
)


async def tab_of(client: ClientSession, served: Served) -> ClientWebSocketResponse:
    url = served.url
    await client.get(served.open_url)
    address = f"{url}ws?width=120&height=40"
    return await client.ws_connect(address, headers={"Origin": url.rstrip("/")})


def process_file(process: int, what: str) -> bytes:
    return Path(f"/proc/{process}/{what}").read_bytes()


async def send_raw(url: str, text: str) -> None:
    """Send raw text that no client would send, and read the response."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(text.encode())
    await writer.drain()
    assert b"Traceback" not in await reader.read()
    writer.close()


async def shown(tab: ClientWebSocketResponse, words: bytes) -> bytes:
    """Read until the console has drawn `words`."""
    seen = b""
    while words not in seen:
        message = await tab.receive(timeout=60)
        assert message.type is WSMsgType.BINARY, message
        seen += message.data
    return seen


async def closed(tab: ClientWebSocketResponse) -> None:
    while (await tab.receive(timeout=60)).type in {WSMsgType.BINARY, WSMsgType.TEXT}:
        pass


async def opened(client: ClientSession, served: Served) -> tuple[ClientWebSocketResponse, int]:
    """Open a tab, wait until its console is drawn, and return both."""
    tab = await tab_of(client, served)
    await shown(tab, b"History")
    (console,) = served.consoles()
    return tab, console


async def test_a_tab_and_its_console_end_together(tmp_path: Path) -> None:
    # The served folder has a module named like one that the console imports.
    (tmp_path / "msgspec.py").write_text("raise SystemExit('a stranger')")
    with serve(tmp_path) as served:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            tab, console = await opened(client, served)
            await tab.close()
            await soon(lambda: is_gone(console), "the console of a closed tab ends")

            tab, console = await opened(client, served)
            await tab.send_json(["stdin", "q"])
            await closed(tab)
            await soon(lambda: is_gone(console), "the console that was quit ends")
            assert "ended with" not in served.output.read_text()

            tab, console = await opened(client, served)
            os.kill(console, signal.SIGKILL)
            await closed(tab)
            await soon(
                lambda: "exited with code -9" in served.output.read_text(),
                "its end is reported",
            )
            assert served.process.poll() is None
    assert "a stranger" not in served.output.read_text()


@pytest.mark.parametrize(
    ("means", "count"), [(signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGHUP, 1)]
)
async def test_the_server_and_all_consoles_end_cleanly_on_a_signal(
    tmp_path: Path, means: signal.Signals, count: int
) -> None:
    with serve(tmp_path) as served:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            tabs = [await tab_of(client, served) for _ in range(count)]
            for tab in tabs:
                await shown(tab, b"History")
            consoles = served.consoles()
            assert len(consoles) == count
            served.process.send_signal(means)
            for tab in tabs:
                await closed(tab)
        await soon(lambda: served.process.poll() is not None, "the server ends")
    assert served.process.returncode == 0
    assert all(is_gone(pid) for pid in consoles)
    assert "Traceback" not in served.output.read_text()


async def test_a_killed_server_leaves_no_console_behind(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            await shown(await tab_of(client, served), b"History")
            consoles = served.consoles()
            served.process.kill()
            served.process.wait(60)
            all_gone(consoles)


async def test_neither_output_nor_consoles_have_the_token(tmp_path: Path) -> None:
    token = "a-token-that-nobody-guesses"
    environment = {"OPENHQM_TUI_SERVE_TOKEN": token}
    with serve(tmp_path, environment=environment) as served:
        assert served.token == ""
        assert served.url.startswith("http://127.0.0.1:")
        with_token = served._replace(token=token)
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            await client.get(f"{with_token.url}?token=wrong-{token}")
            await send_raw(with_token.url, f"GET /?token={token} HTTP/9.9\r\n\r\n")
            await send_raw(with_token.url, f"GET /?token={token} HTTP/1.1\r\nHost : \x01\r\n\r\n")
            _, console = await opened(client, with_token)
            started_with = process_file(console, "environ")
            assert b"TEXTUAL_DRIVER=" in started_with
            assert token.encode() not in started_with
            assert token.encode() not in process_file(console, "cmdline")
    assert token not in served.output.read_text()


@pytest.mark.parametrize(
    ("width", "cells"),
    [(120, 120), (0, 1), (-5, 1), (10**9, 500), ("x", 80), (None, 80), (2.5, 80), ({}, 80)],
)
async def test_terminal_sizes_are_limited(width: object, cells: int) -> None:
    echo = "import os, sys; os.write(1, b'__GANGLION__\\n'); os.write(1, sys.stdin.buffer.read())"
    sent: list[bytes] = []
    session = await started((sys.executable, "-c", echo))

    async def take(data: bytes) -> None:
        sent.append(data)

    session.on_meta = take  # type: ignore[method-assign]
    await session.set_terminal_size(width, 24)  # type: ignore[arg-type]
    await session.stop()
    assert [json.loads(data).get("width") for data in sent] == [cells, None]
    assert session._build_environment(50, 24)["COLUMNS"] == "50"


STUBBORN = {
    "reads nothing": "import time; time.sleep(600)",
    "ignores signals": (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    ),
    "writes without end": "while True: sys.stdout.buffer.write(b'D\\0\\0\\0\\1x')",
    "writes no packets": "sys.stdout.write('oh no'); sys.stdout.flush(); sys.exit(3)",
}


@pytest.mark.parametrize("way", STUBBORN)
async def test_an_unresponsive_console_is_ended(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openhqm_tui.web.server.GRACE", 0.1)
    monkeypatch.setattr("openhqm_tui.web.server._SIGNAL_GRACE", 0.1)
    program = (
        f"import sys\nsys.stdout.write('__GANGLION__\\n'); sys.stdout.flush()\n{STUBBORN[way]}"
    )
    session = await started((sys.executable, "-c", program))
    process = session._process
    assert process is not None
    await session.stop()
    assert process.returncode is not None
    assert is_gone(process.pid)


async def started(
    words: tuple[str, ...], say: Callable[[str], None] = lambda _: None
) -> ConsoleSession:
    from textual_serve.download_manager import DownloadManager

    async def nothing(*_: object) -> None:
        pass

    session = ConsoleSession(
        words,
        write_bytes=nothing,
        write_str=nothing,
        close=nothing,
        download_manager=DownloadManager(),
        say=say,
    )
    await session.start(80, 24)
    return session


async def test_a_program_that_is_no_console_is_reported_in_one_line() -> None:
    lines: list[str] = []
    program = "import sys; sys.exit('\\x1b[31mit has\\nno packets')"
    session = await started((sys.executable, "-c", program), lines.append)
    assert session._task is not None
    await session._task
    await session.stop()
    assert lines == ["a console exited with code 1: no packets"]
