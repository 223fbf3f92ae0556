"""The layers of an image are read once, one image at a time; unreadable layers are explained."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from openhqm_tui.engine.layers.scan import Limits
from openhqm_tui.run.checks import static
from openhqm_tui.run.checks.static import LayersUnread, layers_of
from openhqm_tui.store.layer_cache import LayerCache
from tests.engine.tars import Made, digest_of, elf, oci_export
from tests.fake_docker import FakeDocker
from tests.waiting import soon

ONE, TWO = Made().file("one.so", elf()).done(), Made().file("two", b"2").done()
BOTH = (digest_of(ONE), digest_of(TWO))
PLATFORM = "linux/arm64"


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "fake", monkeypatch)


@pytest.fixture
def cache(tmp_path: Path) -> LayerCache:
    return LayerCache(tmp_path / "layers")


def export(docker: FakeDocker, data: bytes) -> None:
    file = docker.place / "export.tar"
    file.write_bytes(data)
    docker.configure(export=str(file))


def exports(docker: FakeDocker) -> int:
    return len(docker.calls_of("image", "save"))


async def test_layers_are_in_the_order_of_the_image(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(ONE, TWO))
    order = (BOTH[1], BOTH[0], BOTH[1])
    layers = await layers_of("x@y", PLATFORM, order, cache)
    assert tuple(layer.digest for layer in layers) == order
    assert docker.calls == [["image", "save", "--platform", PLATFORM, "x@y"]]


async def test_cached_layers_are_not_exported_again(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(ONE, TWO))
    first = await layers_of("x", PLATFORM, BOTH, cache)
    docker.configure(export="")
    assert await layers_of("x", PLATFORM, BOTH, cache) == first
    assert await layers_of("x", "linux/amd64", BOTH[:1], cache) == first[:1]
    assert exports(docker) == 1


async def test_a_damaged_record_is_read_again(
    docker: FakeDocker, cache: LayerCache, tmp_path: Path
) -> None:
    export(docker, oci_export(ONE, TWO))
    first = await layers_of("x", PLATFORM, BOTH, cache)
    for file in (tmp_path / "layers").rglob("*.layer"):
        file.write_bytes(b"x")
    assert await layers_of("x", PLATFORM, BOTH, cache) == first
    assert exports(docker) == 2


async def test_lanes_of_one_platform_wait_for_each_other(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    lanes = [asyncio.create_task(layers_of("x", PLATFORM, BOTH, cache)) for _ in range(4)]
    await soon(lambda: docker.has("held-export"))
    docker.release("export")
    first, *others = await asyncio.gather(*lanes)
    assert all(other == first for other in others)
    assert exports(docker) == 1


async def test_an_image_without_layers_needs_no_engine(cache: LayerCache) -> None:
    assert await layers_of("x", PLATFORM, (), cache) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (oci_export(ONE), "1 of 2 layers can't be read: they aren't in the engine's export"),
        (b"", "2 of 2 layers can't be read: they aren't in the engine's export"),
        (b"x" * 4096, "2 of 2 layers can't be read: its tar archive has a damaged header"),
        (oci_export(ONE, TWO)[:2000], "can't be read: its tar archive "),
        (
            Made().file("a", gzip.compress(ONE)[:-9]).file("b", TWO).done(),
            "1 of 2 layers can't be read: its gzip data is truncated",
        ),
    ],
    ids=["one is missing", "nothing", "noise", "cut", "damaged"],
)
async def test_unreadable_layers_are_explained(
    docker: FakeDocker, cache: LayerCache, data: bytes, why: str
) -> None:
    export(docker, data)
    with pytest.raises(LayersUnread) as caught:
        await layers_of("x", PLATFORM, BOTH, cache)
    assert why in str(caught.value)


async def test_readable_layers_are_cached_when_others_are_unreadable(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, oci_export(ONE))
    with pytest.raises(LayersUnread):
        await layers_of("x", PLATFORM, BOTH, cache)
    assert cache.get(BOTH[0]) is not None


async def test_an_export_error_is_quoted(docker: FakeDocker, cache: LayerCache) -> None:
    with pytest.raises(LayersUnread, match="Error response from daemon: unable to export"):
        await layers_of("x", PLATFORM, BOTH, cache)


async def test_a_missing_docker_client_is_reported(
    cache: LayerCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayersUnread, match="can't be started"):
        await layers_of("x", PLATFORM, BOTH, cache)


async def test_a_decompression_bomb_is_refused(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(bytes(8 << 20), ONE))
    with pytest.raises(LayersUnread, match="unpacks to more than 4 MB"):
        await layers_of("x", PLATFORM, (digest_of(b""),), cache, Limits(unpacked=4 << 20))


async def test_a_reader_stopped_by_the_kernel_is_explained(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, Made().file("slow", gzip.compress(b"") * 3_000_000).done())
    with pytest.raises(LayersUnread, match="takes more than 1 s to read"):
        await layers_of("x", PLATFORM, BOTH, cache, Limits(seconds=1))


async def test_an_export_that_takes_too_long_is_given_up(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    monkeypatch.setattr(static, "PATIENCE", 0.01)
    with pytest.raises(LayersUnread, match="timed out after"):
        await layers_of("x", PLATFORM, BOTH, cache)


async def test_a_cancelled_check_leaves_no_process(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    started: list[asyncio.subprocess.Process] = []
    task = asyncio.create_task(layers_of("x", PLATFORM, BOTH, cache))
    start = asyncio.create_subprocess_exec

    async def recorded(*words: str, **more: object) -> asyncio.subprocess.Process:
        started.append(await start(*words, **more))  # type: ignore[arg-type]
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", recorded)
        await soon(lambda: docker.has("held-export") and len(started) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert all(process.returncode is not None for process in started)


async def test_the_reader_process_gets_no_secrets(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(ONE, TWO))
    monkeypatch.setenv("SOME_TOKEN", "hidden")
    given: list[dict[str, str] | None] = []
    start = asyncio.create_subprocess_exec

    async def recorded(*words: str, **more: object) -> asyncio.subprocess.Process:
        given.append(more.get("env"))  # type: ignore[arg-type]
        return await start(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", recorded)
    await layers_of("x", PLATFORM, BOTH, cache)
    reader, _ = given
    assert reader is not None
    assert "PATH" in reader
    assert "SOME_TOKEN" not in reader
