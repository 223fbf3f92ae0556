"""`check` by hand: by what name an image is asked."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from openhqm_tui.cli.commands.check import stop_as_by_ctrl_c
from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.run.checks.images import by_digest, platforms_in

DIGEST = "sha256:f8ba94d0003271c3" + "0" * 48


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("openhqm", f"openhqm@{DIGEST}"),
        ("openhqm:latest", f"openhqm@{DIGEST}"),
        ("localhost:5000/a/b:1", f"localhost:5000/a/b@{DIGEST}"),
        ("localhost:5000/a/b", f"localhost:5000/a/b@{DIGEST}"),
        (f"openhqm@{DIGEST}", f"openhqm@{DIGEST}"),
        (f"openhqm:latest@{DIGEST}", f"openhqm:latest@{DIGEST}"),
        # An id is no repository: `sha256@sha256:…` names nothing.
        (DIGEST, DIGEST),
        (DIGEST[7:], DIGEST),
        (DIGEST[7:19], DIGEST),
    ],
)
def test_an_image_is_asked_by_its_digest(image: str, reference: str) -> None:
    assert by_digest(image, DIGEST) == reference


def test_it_is_asked_on_all_the_platforms_that_it_holds() -> None:
    index = [SeenImage(platform=name) for name in ("linux/amd64", "linux/arm/v7")]
    assert [str(one) for one in platforms_in("x", index)] == ["linux/amd64", "linux/arm/v7"]


@pytest.mark.parametrize("platform", ["windows/amd64", "wasi/wasm", "linux/\x1b[31mx", ""])
def test_what_cant_be_asked_is_told_with_what_can(platform: str) -> None:
    index = [SeenImage(platform="linux/amd64"), SeenImage(platform=platform)]
    with pytest.raises(UsageProblem, match=r"--platforms .*linux/amd64") as told:
        platforms_in("x", index)
    assert "\x1b" not in str(told.value)


def test_no_image_at_all_is_no_success() -> None:
    with pytest.raises(UsageProblem, match="holds no image"):
        platforms_in("x", [])


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    all_of_them = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {means: signal.getsignal(means) for means in all_of_them}
    yield
    for means, handler in before.items():
        signal.signal(means, handler)


@pytest.mark.usefixtures("signals_as_before")
@pytest.mark.parametrize("means", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.default_int_handler])
def test_every_signal_that_ends_it_is_an_interrupt(means: signal.Signals, before: object) -> None:
    # In the background of a script SIGINT is ignored, and SIGTERM must end it all the same.
    signal.signal(signal.SIGINT, before)  # type: ignore[arg-type]
    stop_as_by_ctrl_c()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(means)
