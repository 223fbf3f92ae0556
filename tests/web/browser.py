"""A real headless browser: received data, page text and key presses."""

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
    # No graphics card is needed: text is rendered by the CPU.
    "--enable-unsafe-swiftshader",
)


class Browser:
    """One tab. `seen` has the bytes its console has drawn since the last `shows`."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.seen = b""
        self.requested: list[str] = []

    def read_log(self) -> None:
        """Read what was received since the last call."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            params = message["params"]
            if message["method"] == "Network.webSocketFrameReceived":
                frame = params["response"]
                if frame["opcode"] == 2:
                    self.seen += base64.b64decode(frame["payloadData"])
            elif message["method"] == "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])

    def shows(self, *words: str) -> None:
        """Wait until the console has drawn `words` since the last call."""

        def all_seen() -> bool:
            self.read_log()
            return all(word.encode() in self.seen for word in words)

        until(all_seen, f"the browser is sent {words}")
        self.seen = b""

    def press(self, keys: str) -> None:
        """Press keys."""
        ActionChains(self.driver).send_keys(keys).perform()

    def page(self) -> str:
        """Return the text of a page other than the console."""
        return str(self.driver.find_element("tag name", "body").text)

    def errors(self) -> list[str]:
        """Return the errors that the browser logged."""
        logged = self.driver.get_log("browser")
        return [entry["message"] for entry in logged if entry["level"] == "SEVERE"]


@contextmanager
def browser(folder: Path, size: tuple[int, int] = SIZE) -> Iterator[Browser]:
    """Open a browser with its own profile; skip the test without a browser, but fail in CI."""
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
    """Return this machine's address on its network; skip the test without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine is on no network")
        return str(probe.getsockname()[0])
