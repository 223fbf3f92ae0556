"""`python -m tests.browser_pictures`: a screenshot of the console in a browser."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.pictures import PLACE
from tests.waiting import until
from tests.web.browser import SIZE, browser
from tests.web.serving import serve

FILE = PLACE / "browser.png"
# The position in the bundled run at which the logs of all sixteen images are moving.
_AT = "0:12 of"


def main() -> int:
    """Replay the bundled run and take the screenshot during the build."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["OPENHQM_TUI_STATE_DIR"] = str(folder / "state")
        with serve(folder, "--watch-only") as served, browser(folder / "profile") as tab:
            width, height = SIZE
            tab.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
            tab.driver.get(served.url)
            tab.shows("linux/arm64", "engine")
            before = tab.driver.get_screenshot_as_png()
            tab.press("D")
            tab.shows(_AT)
            until(lambda: tab.driver.get_screenshot_as_png() != before, "the page draws it")
            FILE.write_bytes(tab.driver.get_screenshot_as_png())
    sys.stderr.write(f"{FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
