"""A real browser without a window: what it was sent, what it shows, and keys for it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.conftest import REQUIRED
from tests.waiting import until

SIZE = (1200, 800)
_CHROMIUM, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No graphics card is needed: letters are drawn by the processor.
    "--enable-unsafe-swiftshader",
)


class Browser:
    """One tab. `seen` are all bytes that its console has drawn so far."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.seen = b""
        self.asked: list[str] = []

    def look(self) -> None:
        """Take over what has come since."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            told = message["params"]
            if message["method"] == "Network.webSocketFrameReceived":
                frame = told["response"]
                if frame["opcode"] == 2:
                    self.seen += base64.b64decode(frame["payloadData"])
            elif message["method"] == "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])

    def shows(self, *words: str) -> None:
        """Wait until the console has drawn some words since the last time."""

        def there() -> bool:
            self.look()
            return all(word.encode() in self.seen for word in words)

        until(there, f"the browser is sent {words}")
        self.seen = b""

    def press(self, keys: str) -> None:
        """Type keys."""
        ActionChains(self.driver).send_keys(keys).perform()

    def page(self) -> str:
        """Return the text of a page that is no console."""
        return str(self.driver.find_element("tag name", "body").text)

    def troubles(self) -> list[str]:
        """Return what the browser complains of."""
        logged = self.driver.get_log("browser")
        return [entry["message"] for entry in logged if entry["level"] == "SEVERE"]


@contextmanager
def browser(folder: Path, size: tuple[int, int] = SIZE) -> Iterator[Browser]:
    """Open a browser with a profile of its own; skip where there is none, but not in CI."""
    if not (_CHROMIUM and _DRIVER):
        reason = "no chromium with its driver here (apt-get install chromium chromium-driver)"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = _CHROMIUM
    for flag in (*_FLAGS, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(_DRIVER))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def own_address() -> str:
    """Return this machine's address on its network; skip where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine is on no network")
        return str(asked.getsockname()[0])
