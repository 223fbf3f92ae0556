"""`openhqm-tui builders`: listing, inspecting, creating and removing."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.commands import builders
from openhqm_tui.cli.output.doctor import DoctorOutput
from openhqm_tui.domain.plan.builders import DRIVERS, Node
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.docker import builders as module
from openhqm_tui.engine.docker import facts
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor import diagnose

AMD, ARM = parse_platforms("linux/amd64,linux/arm64")
HERE = Node("default", "default", "running", native=AMD, platforms=(AMD, ARM))
FAR = Node("arm1", "ssh://arm1", "running", native=ARM, platforms=(ARM, AMD), claimed=(ARM,))
BUILDERS = [
    Builder(name="default", driver="docker", nodes=(HERE,), current=True),
    Builder(name="duo", driver="remote", nodes=(HERE, FAR)),
    Builder(
        name="dead", driver="remote", nodes=(Node("dead0", error="re\x1b[2Jfused"),), error="x"
    ),
]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provide three builders; return the changes made to them."""
    changes: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "list_builders", lambda: BUILDERS)
    monkeypatch.setattr(
        facts,
        "read_facts",
        lambda name, timeout: EngineFacts(nodes=(HERE, FAR) if name == "duo" else ()),
    )
    for name in ("create", "remove", "use"):
        monkeypatch.setattr(
            module,
            f"{name}_builder",
            lambda what, say, name=name: changes.append(f"{name} {getattr(what, 'name', what)}"),
        )
    return changes


def run_command(capsys: Capture, line: str) -> tuple[int, str, str]:
    code = main(line.split())
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_offers_every_supported_driver() -> None:
    assert builders.DRIVERS == DRIVERS


def test_every_node_is_listed(capsys: Capture) -> None:
    Path("openhqm-tui.toml").write_text('builder = "duo"')
    code, out, _ = run_command(capsys, "builders")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["builder", "driver", "node", "endpoint", "status", "native", "emulated"],
        ["default", "*", "docker", "default", "default", "running", "linux/amd64", "arm64"],
        ["duo", "(settings)", "remote", "default", "default", "running", "linux/amd64", "arm64"],
        ["arm1", "ssh://arm1", "running", "linux/arm64", "amd64"],
        ["dead", "remote", "dead0", "refused"],
    ]
    assert out.isprintable() or set(out) - {"\n"} <= set(map(chr, range(32, 127)))


def test_the_list_as_json(capsys: Capture) -> None:
    _, out, _ = run_command(capsys, "builders --format json")
    default, duo, dead = (json.loads(line) for line in out.splitlines())
    assert (default["selected"], duo["selected"], duo["settings"]) == (True, False, False)
    assert duo["nodes"][1] == {
        "name": "arm1",
        "endpoint": "ssh://arm1",
        "status": "running",
        "error": "",
        "native": "linux/arm64",
        "platforms": ["linux/arm64", "linux/amd64"],
        "claimed": ["linux/arm64"],
        "emulated": ["linux/amd64"],
    }
    assert duo["platforms"] == ["linux/amd64", "linux/arm64"]
    assert dead["error"] == "x"


def test_inspect_shows_a_builder_in_full(capsys: Capture) -> None:
    code, out, _ = run_command(capsys, "builders inspect duo")
    assert code == 0
    blocks = [block.splitlines() for block in out.split("\n\n")]
    assert blocks[0] == ["builder   duo", "driver    remote"]
    assert blocks[2] == [
        "node      arm1",
        "endpoint  ssh://arm1",
        "status    running",
        "native    linux/arm64",
        "assigned  arm64",
        "emulated  amd64",
    ]
    code, out, _ = run_command(capsys, "builders inspect duo --format json")
    assert json.loads(out)["nodes"][1]["native"] == "linux/arm64"
    _, out, _ = run_command(capsys, "builders inspect dead")
    assert "error     refused" in out


@pytest.mark.parametrize(
    ("line", "code", "err", "changes"),
    [
        ("builders create big --node arm64=ssh://a --node amd64=ssh://b", 0, "", ["create big"]),
        ("builders create big --use", 0, "", ["create big", "use big"]),
        ("builders create big --driver remote", 2, "a remote builder needs an endpoint", []),
        ("builders create big --driver kubernets", 2, "did you mean kubernetes?", []),
        ("builders create", 2, "NAME", []),
        ("builders use duo", 0, "", ["use duo"]),
        ("builders rm duo --yes", 0, "", ["remove duo"]),
        ("builders rm duo", 2, "standard input is not a terminal; add --yes", []),
        ("builders rm default --yes", 2, "it belongs to a Docker context", []),
        ("builders rm duoo --yes", 2, "no builder 'duoo': did you mean duo?", []),
        ("builders inspect duoo", 2, "did you mean duo?", []),
        ("builders inspct duo", 2, "did you mean inspect?", []),
    ],
)
def test_changes_and_refusals(
    capsys: Capture,
    world: list[str],
    line: str,
    code: int,
    err: str,
    changes: list[str],
) -> None:
    exit_code, _, printed = run_command(capsys, line)
    assert exit_code == code
    assert err in printed
    assert world == changes


@pytest.mark.parametrize(("answer", "changes"), [("y\n", ["remove duo"]), ("\n", []), ("", [])])
def test_rm_shows_its_command_and_asks(
    capsys: Capture,
    world: list[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    changes: list[str],
) -> None:
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    code, _, err = run_command(capsys, "builders rm duo")
    assert code == 0
    assert err.startswith("$ docker buildx rm duo\nIts BuildKit servers are only disconnected")
    assert err.endswith("\nRemove builder duo? [y]es, [N]o: ")
    assert world == changes


@pytest.mark.parametrize(("flag", "builder"), [("", "duo"), ("--builder dead", "dead")])
def test_the_doctor_examines_the_builder_of_flag_or_settings(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, flag: str, builder: str
) -> None:
    changes: list[str | None] = []

    def examine(
        _platforms: object, _base: str, builder: str | None, **_more: object
    ) -> list[object]:
        changes.append(builder)
        return []

    monkeypatch.setattr(diagnose, "examine", examine)
    monkeypatch.setattr(DoctorOutput, "findings", lambda *_: None)
    Path("openhqm-tui.toml").write_text('builder = "duo"')
    run_command(capsys, f"doctor --format plain {flag}")
    assert changes == [builder]
