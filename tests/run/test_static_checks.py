"""Checks of an image without running it, and the evidence stored for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import judge
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import SeenConfig, SeenImage
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.docker.images import ImageUnknown
from openhqm_tui.run.checks.layer_reader import LayerReader
from openhqm_tui.run.checks.static import config_of, look_at, without_secrets
from tests.engine.tars import Made, digest_of, elf, oci_export
from tests.expecting import expect
from tests.fake_docker import FakeDocker

ARM = parse_platform("arm64")
WANTED = expect(
    ARM,
    labels={"queue.backend": "redis"},
    env={"A": "b"},
    command=["serve"],
    max_mb=0.005,
)
CONFIG = SeenConfig(
    os="linux",
    arch="arm64",
    labels={"queue.backend": "redis"},
    env=("A=b",),
    cmd=("serve",),
    health_check=("CMD", "x"),
    layers=(),
    history=("CMD serve",),
)
INDEX = [SeenImage(platform="linux/arm64", content_size=4000)]
CHECKS = [
    *("index", "architecture", "labels", "env", "command"),
    *("binaries", "setuid", "compilers", "caches", "secrets", "size"),
]
GONE = ImageUnknown("no such image")


async def answers(index: Any = INDEX, config: Any = CONFIG) -> dict[str, tuple[Answer, str]]:
    read, evidence = await look_at("x@y", ARM, index, config, LayerReader())
    verdicts = judge(WANTED, read, Group.STATIC)
    assert [verdict.check for verdict in verdicts] == CHECKS
    assert msgspec.json.encode(evidence)
    return {verdict.check: (verdict.answer, verdict.evidence) for verdict in verdicts}


async def test_all_static_checks_run_in_order() -> None:
    assert {answer for answer, _ in (await answers()).values()} == {Answer.PASS}


async def test_missing_data_makes_every_check_unknown() -> None:
    results = await answers(GONE, GONE)
    assert set(results.values()) == {(Answer.UNKNOWN, "no such image")}


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ("layers", {"binaries", "setuid", "compilers", "caches", "secrets"}),
        ("history", {"secrets"}),
    ],
)
async def test_only_checks_that_need_missing_data_are_unknown(
    missing: str, unknown: set[str]
) -> None:
    results = await answers(config=msgspec.structs.replace(CONFIG, **{missing: None}))
    assert {check for check, (answer, _) in results.items() if answer is Answer.UNKNOWN} == unknown


async def test_layers_are_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = FakeDocker(tmp_path / "fake", monkeypatch)
    lower = Made().file("lib/x.so", elf(62)).file("app/back", b"", 0o4755).done()
    upper = Made().file("lib/.wh.x.so").file("lib/y.so", elf(183)).done()
    (docker.place / "export").write_bytes(oci_export(lower, upper))
    docker.configure(export=str(docker.place / "export"))
    layers = (digest_of(lower), digest_of(upper))
    config = msgspec.structs.replace(CONFIG, layers=layers)
    results = await answers(config=config)
    assert results["binaries"] == (Answer.PASS, "1 ELF file, all aarch64")
    assert results["setuid"] == (Answer.FAIL, "/app/back (4755)")
    assert results["secrets"][0] is Answer.PASS
    _, evidence = await look_at("x@y", ARM, INDEX, config, LayerReader())
    assert evidence["files"] == {
        "binaries": {"aarch64": 1},
        "caches": {},
        "named": [
            "binary: /lib/x.so (x86_64), layer 1, deleted later",
            "setuid: /app/back (4755), layer 1",
        ],
        "not named": 0,
    }


async def test_evidence_of_a_large_image_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = FakeDocker(tmp_path / "fake", monkeypatch)
    made = Made()
    for number in range(3000):
        made.file(f"lib/{number:0200}.so", elf(62))
    layer = made.done()
    (docker.place / "export").write_bytes(oci_export(layer))
    docker.configure(export=str(docker.place / "export"))
    config = msgspec.structs.replace(
        CONFIG,
        layers=(digest_of(layer),),
        env=tuple(f"A{n}={'x' * 9000}" for n in range(5000)),
        labels={f"{'y' * 9000}{n}": "z" for n in range(5000)},
        history=("RUN " + "w" * 9000,) * 5000,
    )
    _, evidence = await look_at("x@y", ARM, INDEX, config, LayerReader())
    assert len(msgspec.json.encode(evidence)) < 500_000


async def test_config_and_history_are_read_over_one_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = FakeDocker(tmp_path / "fake", monkeypatch)
    config = await config_of("openhqm:latest-redis", "linux/arm64")
    assert isinstance(config, SeenConfig)
    assert config.history == ("CMD [python]",)
    assert config.layers == ()
    assert docker.calls == [["system", "dial-stdio"]]


async def test_a_missing_image_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = FakeDocker(tmp_path / "fake", monkeypatch)
    docker.configure(missing=["redis"])
    config = await config_of("openhqm:latest-redis", "linux/arm64")
    assert str(config) == "No such image: redis"


def test_stored_config_has_no_secrets() -> None:
    secret = "s3cr3t-w0rd-1"
    config = msgspec.structs.replace(
        CONFIG,
        labels={"token": secret, "a": f"https://me:{secret}@host"},
        env=(f"API_TOKEN={secret}", f"URL=redis://me:{secret}@host"),
        cmd=("serve", f"--password={secret}", secret),
        entrypoint=(f"TOKEN={secret}",),
        health_check=("CMD-SHELL", f"curl -H 'Authorization: Bearer {secret}' x"),
        history=(f"ENV API_TOKEN={secret}", f"RUN login {secret}"),
    )
    kept = without_secrets(config)
    assert secret not in repr(kept)
    assert kept.env[0] == "API_TOKEN=***"
    assert without_secrets(CONFIG) == CONFIG
