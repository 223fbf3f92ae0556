"""The console in a real browser."""

from __future__ import annotations

from pathlib import Path

from tests.waiting import until
from tests.web.browser import browser, own_address
from tests.web.serving import serve


def test_the_demo_is_played_and_the_page_is_all_ours(tmp_path: Path) -> None:
    with serve(tmp_path) as served, browser(tmp_path / "profile") as tab:
        tab.driver.get(served.url)
        tab.shows("History", "linux/arm64")
        tab.press("a")
        tab.shows("16 images")
        tab.press("y")
        tab.shows("command copied")
        plan = tab.driver.get_screenshot_as_png()
        tab.press("D")
        tab.shows("replay", "building")
        until(lambda: tab.driver.get_screenshot_as_png() != plan, "the page draws it")
        tab.press("p")
        tab.shows("a pager is not available in a browser; the log is in")
        # Later textual.js complains that it says something to a console that has ended.
        assert tab.troubles() == []
        tab.press("q")
        until(lambda: "The console has ended" in tab.page(), "the page says that it has ended")
        until(lambda: not served.consoles(), "its process ends")
        tab.driver.find_element("id", "again").click()
        tab.shows("History")
        tab.look()
        # chrome:// is the browser's own first page.
        named = [url for url in tab.asked if not url.startswith(("data:", "chrome"))]
        others = [url for url in named if not url.startswith(served.url)]
        assert others == []
        assert any(url.endswith(".ttf") for url in tab.asked)
    assert "Traceback" not in served.said.read_text()


def test_beyond_this_machine_the_token_is_asked_for_and_gives_a_look(tmp_path: Path) -> None:
    host = own_address()
    with serve(tmp_path, "--host", host) as served, browser(tmp_path / "profile") as tab:
        assert served.url.startswith(f"http://{host}:")
        tab.driver.get(served.url)
        assert "Token required" in tab.page()
        tab.driver.get(f"{served.url}?token=wrong")
        assert "Token required" in tab.page()
        assert served.consoles() == []
        tab.driver.get(served.open_url)
        tab.shows("read-only", "History")
        assert tab.driver.current_url == served.url
        tab.press("a")
        tab.shows("16 images")
        tab.press("b")
        tab.shows("not available: this console")
        # Over plain HTTP a browser has no clipboard to offer; the console goes on all the same.
        tab.press("y")
        tab.shows("command copied")
        tab.press("5")
        tab.shows("Docker client")
    assert served.token not in served.said.read_text()
