"""`check`: image references, platforms, and the signals that stop it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.signals import stop_on_signals
from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.engine.docker import facts
from openhqm_tui.run.checks import images
from openhqm_tui.run.checks.images import by_digest, platforms_in

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
        # An ID has no repository: `sha256@sha256:…` would be meaningless.
        (DIGEST, DIGEST),
        (DIGEST[7:], DIGEST),
        (DIGEST[7:19], DIGEST),
    ],
)
def test_an_image_is_referred_to_by_its_digest(image: str, reference: str) -> None:
    assert by_digest(image, DIGEST) == reference


def test_all_platforms_of_the_index_are_checked() -> None:
    index = [SeenImage(platform=name) for name in ("linux/amd64", "linux/arm/v7")]
    assert [str(one) for one in platforms_in("x", index)] == ["linux/amd64", "linux/arm/v7"]


@pytest.mark.parametrize("platform", ["windows/amd64", "wasi/wasm", "linux/\x1b[31mx", ""])
def test_a_platform_that_cannot_run_is_refused_with_the_valid_ones(platform: str) -> None:
    index = [SeenImage(platform="linux/amd64"), SeenImage(platform=platform)]
    with pytest.raises(UsageProblem, match=r"--platforms .*linux/amd64") as caught:
        platforms_in("x", index)
    assert "\x1b" not in str(caught.value)


def test_an_index_without_images_is_refused() -> None:
    with pytest.raises(UsageProblem, match="lists no image"):
        platforms_in("x", [])


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    before = {means: signal.getsignal(means) for means in SIGNALS}
    yield
    for means, handler in before.items():
        signal.signal(means, handler)


@pytest.mark.usefixtures("signals_as_before")
@pytest.mark.parametrize("means", SIGNALS)
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.default_int_handler])
def test_every_stop_signal_raises_an_interrupt(means: signal.Signals, before: object) -> None:
    # A shell makes a background process ignore SIGINT; SIGTERM must still stop it.
    signal.signal(signal.SIGINT, before)  # type: ignore[arg-type]
    handlers = [signal.getsignal(one) for one in SIGNALS]
    with pytest.raises(KeyboardInterrupt), stop_on_signals():
        signal.raise_signal(means)
    assert [signal.getsignal(one) for one in SIGNALS] == handlers


@pytest.mark.usefixtures("signals_as_before")
def test_the_command_restores_the_signal_handlers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(60)  # ended by the signal

    monkeypatch.setattr(facts, "read_facts", facts.EngineFacts)
    monkeypatch.setattr(images, "check_images", interrupted)
    handlers = [signal.getsignal(one) for one in SIGNALS]
    assert main(["check", "x", "--variant", "minimal"]) == 130
    assert [signal.getsignal(one) for one in SIGNALS] == handlers
