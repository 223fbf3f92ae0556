"""The layers of an image are read once, one image at a time; unreadable layers are explained."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.evidence import SeenConfig
from openhqm_tui.engine.docker.images import ImageUnknown
from openhqm_tui.engine.layers.scan import Limits
from openhqm_tui.run.checks import layer_reader
from openhqm_tui.run.checks.layer_reader import LayerReader, LayersUnread
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
    layers = await LayerReader(cache).read("x@y", PLATFORM, order)
    assert tuple(layer.digest for layer in layers) == order
    assert docker.calls == [["image", "save", "--platform", PLATFORM, "x@y"]]


async def test_cached_layers_are_not_exported_again(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(ONE, TWO))
    first = await LayerReader(cache).read("x", PLATFORM, BOTH)
    docker.configure(export="")
    assert await LayerReader(cache).read("x", PLATFORM, BOTH) == first
    assert await LayerReader(cache).read("x", "linux/amd64", BOTH[:1]) == first[:1]
    assert exports(docker) == 1


async def test_a_damaged_record_is_read_again(
    docker: FakeDocker, cache: LayerCache, tmp_path: Path
) -> None:
    export(docker, oci_export(ONE, TWO))
    first = await LayerReader(cache).read("x", PLATFORM, BOTH)
    for file in (tmp_path / "layers").rglob("*.layer"):
        file.write_bytes(b"x")
    assert await LayerReader(cache).read("x", PLATFORM, BOTH) == first
    assert exports(docker) == 2


async def test_lanes_of_one_platform_wait_for_each_other(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    reader = LayerReader(cache)
    lanes = [asyncio.create_task(reader.read("x", PLATFORM, BOTH)) for _ in range(4)]
    await soon(lambda: docker.has("held-export"))
    docker.release("export")
    first, *others = await asyncio.gather(*lanes)
    assert all(other == first for other in others)
    assert exports(docker) == 1


async def test_an_image_without_layers_needs_no_engine(cache: LayerCache) -> None:
    assert await LayerReader(cache).read("x", PLATFORM, ()) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (oci_export(ONE), "1 of 2 layers can't be read: the engine's export is incomplete"),
        (b"", "2 of 2 layers can't be read: the engine's export is incomplete"),
        (b"x" * 4096, "2 of 2 layers can't be read: the tar archive has a corrupt header"),
        (oci_export(ONE, TWO)[:2000], "can't be read: the tar archive "),
        (
            Made().file("a", gzip.compress(ONE)[:-9]).file("b", TWO).done(),
            "1 of 2 layers can't be read: the gzip data is truncated",
        ),
    ],
    ids=["one is missing", "nothing", "noise", "cut", "damaged"],
)
async def test_unreadable_layers_are_explained(
    docker: FakeDocker, cache: LayerCache, data: bytes, why: str
) -> None:
    export(docker, data)
    with pytest.raises(LayersUnread) as caught:
        await LayerReader(cache).read("x", PLATFORM, BOTH)
    assert why in str(caught.value)


async def test_readable_layers_are_cached_when_others_are_unreadable(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, oci_export(ONE))
    with pytest.raises(LayersUnread):
        await LayerReader(cache).read("x", PLATFORM, BOTH)
    assert cache.get(BOTH[0]) is not None


async def test_an_export_error_is_quoted(docker: FakeDocker, cache: LayerCache) -> None:
    with pytest.raises(LayersUnread, match="Error response from daemon: unable to export"):
        await LayerReader(cache).read("x", PLATFORM, BOTH)


async def test_a_missing_docker_client_is_reported(
    cache: LayerCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayersUnread, match="the image export can't be started"):
        await LayerReader(cache).read("x", PLATFORM, BOTH)


async def test_a_decompression_bomb_is_refused(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(bytes(8 << 20), ONE))
    with pytest.raises(LayersUnread, match="unpacked size exceeds 4"):
        await LayerReader(cache, Limits(unpacked=4 << 20)).read("x", PLATFORM, (digest_of(b""),))


async def test_a_reader_stopped_by_the_kernel_is_explained(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, Made().file("slow", gzip.compress(b"") * 3_000_000).done())
    with pytest.raises(LayersUnread, match="the layer reader reached its limit of 1 s CPU time"):
        await LayerReader(cache, Limits(seconds=1)).read("x", PLATFORM, BOTH)


async def test_an_export_that_takes_too_long_is_given_up(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    monkeypatch.setattr(layer_reader, "PATIENCE", 0.01)
    with pytest.raises(LayersUnread, match="timed out after"):
        await LayerReader(cache).read("x", PLATFORM, BOTH)


async def test_a_cancelled_check_leaves_no_process(docker: FakeDocker, cache: LayerCache) -> None:
    export(docker, oci_export(ONE, TWO))
    docker.configure(export_hold=True)
    started: list[asyncio.subprocess.Process] = []
    task = asyncio.create_task(LayerReader(cache).read("x", PLATFORM, BOTH))
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
    await LayerReader(cache).read("x", PLATFORM, BOTH)
    reader, _ = given
    assert reader is not None
    assert "PATH" in reader
    assert "SOME_TOKEN" not in reader


def announced(reader: LayerReader, monkeypatch: pytest.MonkeyPatch, **images: str) -> None:
    """Announce images, each with the layer of this digest."""

    def config(reference: str, platform: str) -> SeenConfig:
        if reference not in images:
            raise ImageUnknown("no such image")
        return SeenConfig(layers=(images[reference],))

    monkeypatch.setattr(layer_reader, "read_config", config)
    for name in (*images, "gone"):
        reader.announce(name, PLATFORM)


async def test_announced_images_are_exported_together(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(ONE, TWO))
    reader = LayerReader(cache)
    announced(reader, monkeypatch, x=BOTH[0], y=BOTH[1])
    (one,) = await reader.read("x", PLATFORM, BOTH[:1])
    (two,) = await reader.read("y", PLATFORM, BOTH[1:])
    assert (one.digest, two.digest) == BOTH
    assert docker.calls == [["image", "save", "--platform", PLATFORM, "x", "y"]]


async def test_an_announced_image_of_another_platform_is_not_exported(
    docker: FakeDocker, cache: LayerCache
) -> None:
    export(docker, oci_export(ONE, TWO))
    reader = LayerReader(cache)
    reader.announce("y", "linux/amd64")
    await reader.read("x", PLATFORM, BOTH)
    assert docker.calls == [["image", "save", "--platform", PLATFORM, "x"]]


async def test_an_image_is_exported_alone_if_it_is_unreadable_with_others(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(TWO))
    reader = LayerReader(cache)
    announced(reader, monkeypatch, x=BOTH[0], y=BOTH[1])
    with pytest.raises(LayersUnread, match="1 of 1 layers can't be read"):
        await reader.read("x", PLATFORM, BOTH[:1])
    (two,) = await reader.read("y", PLATFORM, BOTH[1:])
    assert two.digest == BOTH[1]
    assert [call[4:] for call in docker.calls] == [["x", "y"], ["x"]]


async def test_many_announced_images_need_several_exports(
    docker: FakeDocker, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(docker, oci_export(ONE))
    reader = LayerReader(cache)
    announced(reader, monkeypatch, **{f"y{n:02}": BOTH[1] for n in range(40)})
    await reader.read("x", PLATFORM, BOTH[:1])
    (call,) = docker.calls
    assert call[4:] == ["x", *(f"y{n:02}" for n in range(16))]
