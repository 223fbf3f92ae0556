"""The console in a real browser."""

from __future__ import annotations

from pathlib import Path

from tests.waiting import until
from tests.web.browser import browser, own_address
from tests.web.serving import serve


def test_the_demo_plays_and_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    with serve(tmp_path) as served, browser(tmp_path / "profile") as tab:
        tab.driver.get(served.url)
        tab.shows("History", "linux/arm64")
        tab.press("a")
        tab.shows("16 images")
        tab.press("y")
        tab.shows("copied 1 command")
        plan = tab.driver.get_screenshot_as_png()
        tab.press("D")
        tab.shows("replay", "building")
        until(lambda: tab.driver.get_screenshot_as_png() != plan, "the page draws it")
        tab.press("p")
        tab.shows("a pager is not available in a browser; the log is in")
        # Later textual.js logs an error because it sends something to an ended console.
        assert tab.errors() == []
        tab.press("q")
        until(lambda: "The console has ended" in tab.page(), "the page says that it has ended")
        until(lambda: not served.consoles(), "its process ends")
        tab.driver.find_element("id", "again").click()
        tab.shows("History")
        tab.read_log()
        # chrome:// is the browser's own first page.
        named = [url for url in tab.requested if not url.startswith(("data:", "chrome"))]
        others = [url for url in named if not url.startswith(served.url)]
        assert others == []
        assert any(url.endswith(".ttf") for url in tab.requested)
    assert "Traceback" not in served.output.read_text()


def test_remote_clients_need_the_token_and_only_watch(tmp_path: Path) -> None:
    host = own_address()
    with serve(tmp_path, "--host", host) as served, browser(tmp_path / "profile") as tab:
        assert served.url.startswith(f"http://{host}:")
        tab.driver.get(served.url)
        assert "Token required" in tab.page()
        tab.driver.get(f"{served.url}?token=wrong")
        assert "Wrong token" in tab.page()
        assert served.consoles() == []
        tab.driver.get(served.open_url)
        tab.shows("read-only", "History")
        assert tab.driver.current_url == served.url
        tab.press("a")
        tab.shows("16 images")
        tab.press("b")
        tab.shows("not available: this console")
        # Over plain HTTP a browser offers no clipboard; the console still works.
        tab.press("y")
        tab.shows("copied 1 command")
        tab.press("5")
        tab.shows("Docker client")
    assert served.token not in served.output.read_text()
