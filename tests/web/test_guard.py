"""Requests that the server refuses, from a client that can send anything."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from openhqm_tui.web.guard import Authenticator, Guard
from openhqm_tui.web.host_names import HostNames
from openhqm_tui.web.server import ConsoleServer

TOKEN = "a-token-that-nobody-guesses"
COOKIE = "openhqm-tui-8123"
# It writes what a console writes first, and then nothing.
CONSOLE = (
    sys.executable,
    "-c",
    "import sys; sys.stdout.buffer.write(b'__GANGLION__\\nD\\0\\0\\0\\2hi'); sys.stdout.flush(); "
    "sys.stdin.read()",
)
EVERYTHING = ["/", "/static/js/textual.js", "/page/console.js", "/ws", "/download/x", "/nowhere"]
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Server": "openhqm-tui",
}


@asynccontextmanager
async def served(
    token: str | None = TOKEN,
    *,
    names: HostNames | None = None,
    most: int = 4,
    secure: bool = False,
    log: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[ClientSession, str, Authenticator]]:
    """Serve on a free port, with a client."""
    authenticator = Authenticator(token)
    guard = Guard(names or HostNames(), authenticator, cookie=COOKIE, secure=secure)
    server = TestServer(await ConsoleServer(CONSOLE, guard, most=most, log=log)._make_app())
    await server.start_server()
    jar = CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar) as client:
        try:
            yield client, f"http://127.0.0.1:{server.port}", authenticator
        finally:
            await server.close()


def ours(authenticator: Authenticator, origin: str = "") -> dict[str, str]:
    headers = {"Cookie": f"{COOKIE}={authenticator.ticket}"}
    return headers | ({"Origin": origin} if origin else {})


@pytest.mark.parametrize("path", EVERYTHING)
async def test_without_the_token_nothing_is_served(path: str) -> None:
    async with served() as (client, url, _):
        headers = {"Origin": url} if path == "/ws" else {}
        for cookie in ("", f"{COOKIE}=wrong", f"{COOKIE}={TOKEN}", f"other={TOKEN}"):
            answer = await client.get(url + path, headers=headers | {"Cookie": cookie})
            text = await answer.text()
            assert answer.status == 401
            assert "Token required" in text
            assert TOKEN not in text
            assert "Traceback" not in text


@pytest.mark.parametrize("path", EVERYTHING)
async def test_requests_for_another_host_are_refused(path: str) -> None:
    async with served(None) as (client, url, _):
        answer = await client.get(url + path, headers={"Host": "evil.example:8123"})
        assert answer.status == 421
        assert "evil" not in await answer.text()


@pytest.mark.parametrize("path", EVERYTHING)
async def test_requests_from_another_origin_are_refused(path: str) -> None:
    async with served(None) as (client, url, _):
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", ""):
            answer = await client.get(url + path, headers={"Origin": origin})
            assert answer.status == 403


async def test_a_websocket_needs_our_origin() -> None:
    async with served(None) as (client, url, _):
        for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            with pytest.raises(WSServerHandshakeError) as caught:
                await client.ws_connect(f"{url}/ws", headers=headers)
            assert caught.value.status == 403


async def test_a_websocket_needs_the_token() -> None:
    async with served() as (client, url, _):
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect(f"{url}/ws", headers={"Origin": url})
        assert caught.value.status == 401


async def test_a_websocket_is_opened_with_our_origin_and_the_ticket() -> None:
    async with (
        served() as (client, url, authenticator),
        client.ws_connect(f"{url}/ws", headers=ours(authenticator, url)) as tab,
    ):
        assert await tab.receive_bytes() == b"hi"


async def test_the_token_sets_a_cookie_and_redirects_to_a_url_without_it() -> None:
    async with served() as (client, url, authenticator):
        answer = await client.get(f"{url}/?token={TOKEN}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert TOKEN not in cookie
        for word in (f"{COOKIE}={authenticator.ticket}", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie
        assert "Secure" not in cookie
        inside = await client.get(f"{url}/")
        assert inside.status == 200
        assert TOKEN not in await inside.text()


async def test_behind_tls_the_cookie_is_secure() -> None:
    async with served(secure=True) as (client, url, _):
        answer = await client.get(f"{url}/?token={TOKEN}", allow_redirects=False)
        assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", EVERYTHING)
async def test_after_several_wrong_tokens_all_are_refused(path: str) -> None:
    async with served() as (client, url, authenticator):
        headers = {"Origin": url} if path == "/ws" else {}
        for wrong in ("", "wrong", TOKEN + "x", "%ff", "ö"):
            answer = await client.get(f"{url}{path}?token={wrong}", headers=headers)
            assert answer.status == 401
            assert "Set-Cookie" not in answer.headers
        answer = await client.get(f"{url}{path}?token={TOKEN}", headers=headers)
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        # Authenticated clients are not affected.
        inside = await client.get(f"{url}/", headers=ours(authenticator))
        assert inside.status == 200


async def test_wrong_tokens_from_other_sites_lock_out_no_user() -> None:
    async with served() as (client, url, _):
        for _ in range(8):
            link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
            answer = await client.get(
                f"{url}/?token={'y' * 32}", headers=link, allow_redirects=False
            )
        assert answer.status == 429
        for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}):
            answer = await client.get(
                f"{url}/?token={TOKEN}", headers=headers, allow_redirects=False
            )
            assert answer.status == 303


@pytest.mark.parametrize("dest", ["image", "iframe", "script", "empty", "style"])
async def test_tokens_in_embedded_requests_are_not_checked(dest: str) -> None:
    async with served() as (client, url, _):
        for site in ("cross-site", "same-site"):
            embedded = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": dest}
            for _ in range(8):
                answer = await client.get(f"{url}/?token={TOKEN}", headers=embedded)
                assert answer.status == 403
                assert "Set-Cookie" not in answer.headers
        answer = await client.get(f"{url}/?token={TOKEN}", allow_redirects=False)
        assert answer.status == 303


@pytest.mark.parametrize("path", ["/static/", "/static/js/", "/static/fonts/", "/page/"])
async def test_no_folder_is_listed(path: str) -> None:
    async with served(None) as (client, url, _):
        assert (await client.get(url + path)).status in {403, 404}


async def test_every_response_has_the_security_headers() -> None:
    async with served(None) as (client, url, _):
        for path in EVERYTHING:
            answer = await client.get(url + path)
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe-eval" not in policy


async def test_the_page_needs_nothing_from_elsewhere() -> None:
    async with served(None) as (client, url, _):
        for path in ("/", "/page/console.css", "/page/console.js"):
            answer = await client.get(url + path)
            text = await answer.text()
            assert answer.status == 200
            assert "//" not in text.replace("// ", "").replace("*/", ""), path


async def test_another_method_is_refused() -> None:
    async with served(None) as (client, url, _):
        for method in ("POST", "PUT", "DELETE"):
            answer = await client.request(method, f"{url}/")
            assert answer.status == 405


async def test_the_public_url_of_a_proxy_is_accepted() -> None:
    names = HostNames(frozenset({"127.0.0.1"}), public="https://builds.example.org")
    async with served(None, names=names) as (client, url, _):
        headers = {"Origin": "https://builds.example.org", "Host": "builds.example.org"}
        async with client.ws_connect(f"{url}/ws", headers=headers) as tab:
            assert await tab.receive_bytes() == b"hi"


async def test_the_number_of_consoles_is_limited() -> None:
    async with served(None, most=1) as (client, url, _):
        async with client.ws_connect(f"{url}/ws", headers={"Origin": url}) as tab:
            await tab.receive_bytes()
            answer = await client.get(f"{url}/")
            assert answer.status == 503
            assert "This server runs at most" in await answer.text()
        # The next one waits until the first has ended.
        async with client.ws_connect(f"{url}/ws", headers={"Origin": url}) as tab:
            assert await tab.receive_bytes() == b"hi"


@pytest.mark.parametrize(
    "sent",
    ["", "{", "[]", "{}", '"x"', '["stdin"]', '["stdin", 7]', '["resize", {}]', '["resize", 1]'],
)
async def test_invalid_messages_end_the_console_with_one_line(sent: str) -> None:
    lines: list[str] = []
    async with (
        served(None, log=lines.append) as (client, url, _),
        client.ws_connect(f"{url}/ws", headers={"Origin": url}) as tab,
    ):
        await tab.receive_bytes()
        await tab.send_str(sent)
        while not (await tab.receive()).type.name.startswith("CLOS"):
            pass
    # The server waits for its consoles.
    assert "127.0.0.1 sent an invalid message" in lines
    assert lines[-1] == "127.0.0.1 closed its console (0 of 4 open)"
