"""A real build, watched in a real browser over the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.conftest import BOTH, Cli
from tests.web.browser import browser, own_address
from tests.web.serving import serve

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/browser"


def test_a_build_is_watched_to_its_end(
    tmp_path: Path, cli: Cli, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    words = ("--backend", "minimal", "--platforms", BOTH, "--name", NAME)
    with (
        serve(tmp_path, "--host", own_address()) as served,
        browser(tmp_path / "profile") as tab,
    ):
        assert cli("build", *words, "--detach").code == 0
        tab.driver.get(served.open_url)
        tab.shows("minimal", "linux/amd64", "linux/arm64", "read-only")
        tab.shows("1/1")
        tab.press("3")
        tab.shows("verified")
        assert tab.errors() == []
    assert cli("attach", "--format", "plain").code == 0
