"""Hostile bake files, settings, checks files, and responses of engine and registry."""

from __future__ import annotations

import copy
import json
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli import completion
from openhqm_tui.domain.errors import Problem
from tests.hostile.run_folder import fields, put
from tests.hostile.test_run_folder import as_json, texts_in
from tests.hostile.words import broken, hostile, unclean

_FAKE = """#!/bin/sh
case "$*" in
  *"bake --print"*) answer=print;;
  *"bake --list"*) answer=list;;
  *imagetools*) answer=imagetools;;
  *"buildx inspect"*) answer=inspect;;
  *"buildx ls"*) answer=ls;;
  info*) answer=info;;
  *) exit 1;;
esac
cd {answers} || exit 1
cat $answer.out
[ ! -s $answer.err ] || cat $answer.err >&2
read code < $answer.code
exit $code
"""
BAKE: dict[str, Any] = {
    "group": {"default": {"targets": ["app"]}},
    "target": {
        "app": {
            "context": ".",
            "contexts": {"base": "docker-image://x/base:1"},
            "dockerfile": "Dockerfile",
            "args": {"V": "1"},
            "labels": {"a.b": "c"},
            "tags": ["x/app:1"],
            "cache-from": [{"type": "registry", "ref": "x/cache"}],
            "cache-to": [{"type": "inline"}],
            "target": "final",
            "secret": [{"id": "s", "src": "/s"}],
            "ssh": [{"id": "default"}],
            "platforms": ["linux/amd64", "linux/arm/v7"],
            "output": [{"type": "docker"}],
            "entitlements": ["network.host"],
            "attest": [{"type": "provenance"}],
            "annotations": ["a=b"],
            "shm-size": "1",
            "ulimits": ["n=1"],
            "extra-hosts": {"h": "1.1.1.1"},
            "network": "none",
            "no-cache-filter": ["x"],
        }
    },
}
INFO: dict[str, Any] = {
    "ServerVersion": "28.5.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "Name": "here",
    "OperatingSystem": "Debian",
    "KernelVersion": "6.1",
    "DockerRootDir": "/var/lib/docker",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "ClientInfo": {
        "Version": "28.5.2",
        "Context": "default",
        "Plugins": [{"Name": "buildx", "Version": "v0.29.1", "Path": "/x/docker-buildx"}],
    },
}
SILENT = {"ServerErrors": ["it is broken"], "ClientInfo": INFO["ClientInfo"]}
INSPECT = {
    "Name": "duo", "Driver": "remote", "Node": "one", "Endpoint": "tcp://x:1", "Status": "running",
    "Error": "", "Platforms": "linux/amd64, linux/arm64*",
}  # fmt: skip
LISTED: dict[str, Any] = {
    "Name": "duo",
    "Driver": "remote",
    "Current": True,
    "Err": "a problem",
    "Nodes": [
        {
            "Name": "one",
            "Endpoint": "tcp://x:1",
            "Status": "running",
            "Err": "another",
            "Platforms": ["linux/amd64", "linux/arm64"],
            "Labels": {"org.mobyproject.buildkit.worker.hostname": "here"},
        }
    ],
}
INDEX: dict[str, Any] = {
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "sha256:" + "ab" * 32,
            "platform": {"os": "linux", "architecture": "amd64", "variant": ""},
        }
    ],
}
SETTINGS: dict[str, Any] = {
    "backends": ["redis"], "platforms": ["linux/amd64"], "name": ["x/app"], "tag": "1",
    "builder": "duo", "base-image": "x/base:1", "context": "sub", "dockerfile": "Dockerfile",
    "ca-bundle": "ca.pem", "python-version": "3.13", "cache-from": ["type=registry,ref=x/c"],
    "cache-to": ["type=gha"], "checks": "checks.toml", "theme": "textual-dark",
}  # fmt: skip
CHECKS: dict[str, Any] = {
    "targets": {
        "redis": {
            "title": "Redis",
            "python": "3.13",
            "labels": {"a.b": "c"},
            "env": {"V": "1"},
            "command": ["python"],
            "library": ["ssl"],
            "extensions": ["yaml"],
            "clients": {"redis": "redis"},
            "absent": {"boto3": "boto3"},
            "service": {"path": "/health"},
            "allow": {"setuid": ["/x"]},
            "platforms": {"linux/arm64": {"python": "3.12"}},
        }
    }
}
SOURCES: dict[str, dict[str, Any]] = {
    "bake": BAKE, "info": INFO, "silent": SILENT, "inspect": INSPECT, "ls": LISTED,
    "registry": INDEX, "error": {"docker": "it is broken"}, "settings": SETTINGS, "checks": CHECKS,
}  # fmt: skip
_PLAN = ("plan", "--platforms", "linux/amd64")
_OURS = ("plan", "--backend", "redis", "--platforms", "linux/amd64", "--dockerfile", "bundled")
_ENGINE = (
    ("doctor", "--format", "plain"),
    ("doctor", "--format", "json"),
    ("doctor", "--format", "tty"),
    ("builders", "--format", "plain"),
    ("builders", "--format", "json"),
    ("builders", "inspect", "duo", "--format", "plain"),
    ("builders", "inspect", "nobody"),
    ("check", "x/app:1", "--format", "plain"),
    ("check", "x/app:1", "--format", "json"),
    ("completion", "builders"),
    _OURS,
)
_FOLDER = (
    _PLAN,
    ("plan",),
    ("plan", "--backend", "nobody"),
    ("variants", "--format", "plain"),
    ("variants", "--format", "json"),
    ("completion", "variants"),
)
OUTPUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("bake", "settings"), (*_FOLDER, _OURS)),
    "checks": (_OURS, ("check", "x/app:1", "--format", "plain"), *_FOLDER[3:]),
    **dict.fromkeys(("info", "silent", "inspect", "ls", "registry", "error"), _ENGINE),
}


def paths_of(source: str) -> Iterator[tuple[Any, ...]]:
    yield from fields(SOURCES[source], ("x",) if source in {"settings", "checks"} else ())
    if source == "checks":
        for table in ("targets", "labels", "env", "clients", "allow", "platforms"):
            yield from names_in(CHECKS, table)


def names_in(document: Any, name: str, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in document.items() if isinstance(document, dict) else ():
        if key == name:
            yield from ((*path, key, each, "{}") for each in value)
        yield from names_in(value, name, (*path, key))


CASES = [
    (source, path[1:] if path[0] == "x" else path)
    for source in SOURCES
    for path in paths_of(source)
]


def toml(table: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield lines of TOML, in which every text is a JSON string: TOML reads the same."""
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    if path:
        yield f"[{'.'.join(_quoted(step) for step in path)}]"
    for key, value in table.items():
        if key not in tables:
            yield f"{_quoted(key)} = {_json(value)}"
    for key, value in tables.items():
        yield from toml(value, (*path, key))


def _quoted(word: str) -> str:
    return _json(word)


def _json(value: Any) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


class Project:
    """A project folder and a fake Docker client."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "here"
        self._answers = place / "answers"
        self.folder.mkdir()
        self._answers.mkdir()
        (self.folder / "sub").mkdir()
        (self.folder / "ca.pem").write_text("x")
        programs = place / "programs"
        programs.mkdir()
        docker = programs / "docker"
        docker.write_text(_FAKE.format(answers=shlex.quote(str(self._answers))))
        docker.chmod(0o755)
        self.programs = programs

    def write_inputs(self, source: str, value: Any) -> None:
        """Write the usual files and responses, except for one source."""
        usual = copy.deepcopy(SOURCES) | {source: value}
        info = usual["silent"] if source == "silent" else usual["info"]
        field = usual["inspect"]
        inspect = (
            f"Name: {field['Name']}\nDriver: {field['Driver']}\n\nNodes:\n"
            f"Name: {field['Node']}\nEndpoint: {field['Endpoint']}\nStatus: {field['Status']}\n"
            + (f"Error: {field['Error']}\n" if field["Error"] else "")
            + f"Platforms: {field['Platforms']}\n"
        )
        listed = [{"name": name} for name in (*usual["bake"]["target"], "default")]
        answers = {
            "print": (json.dumps(usual["bake"]), "", 0),
            "list": (json.dumps(listed), "", 0),
            "imagetools": (json.dumps(usual["registry"]), "", 0),
            "inspect": (inspect, "", 0),
            "ls": (json.dumps(usual["ls"]) + "\n", "", 0),
            "info": (json.dumps(info), "", 1 if source == "silent" else 0),
        }
        if source == "error":
            for name in answers.keys() - {"info"}:
                answers[name] = ("", f"ERROR: {value['docker']}\n", 1)
        for name, (out, err, code) in answers.items():
            (self._answers / f"{name}.out").write_text(out)
            (self._answers / f"{name}.err").write_text(err)
            (self._answers / f"{name}.code").write_text(f"{code}\n")
        for file in ("docker-bake.json", "openhqm-tui.toml", "openhqm-checks.toml"):
            (self.folder / file).unlink(missing_ok=True)
        if source in {"bake", "error"}:
            (self.folder / "docker-bake.json").write_text(json.dumps(BAKE))
        if source == "settings":
            (self.folder / "openhqm-tui.toml").write_text("\n".join(toml(value)))
        if source == "checks":
            (self.folder / "openhqm-checks.toml").write_text("\n".join(toml(value)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    place = Project(tmp_path)
    monkeypatch.setenv("PATH", f"{place.programs}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"OPENHQM_TUI_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    # Wide enough that no line is wrapped.
    monkeypatch.setenv("COLUMNS", "4000")
    monkeypatch.chdir(place.folder)
    return place


def output_of(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    if arguments[0] == "completion":
        names: Callable[..., Any] = getattr(
            completion, "builder_names" if arguments[1] == "builders" else "variants"
        )
        try:
            return "\n".join(names(prefix="", parsed_args=None).items().__repr__().splitlines())
        except Problem as problem:
            return str(problem)
    capsys.readouterr()
    main(arguments)
    output = capsys.readouterr()
    return output.out + output.err


@pytest.mark.parametrize("source", SOURCES)
def test_output_has_no_control_characters_from_any_field(
    place: Project, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    cases = [(number, path) for number, (of, path) in enumerate(CASES) if of == source]
    shown = set()
    for number, path in cases:
        inputs = {"x": copy.deepcopy(SOURCES[source])}
        put(inputs, ("x", *path), hostile(number))
        place.write_inputs(source, inputs["x"])
        for arguments in OUTPUTS[source]:
            text = output_of(arguments, capsys)
            where = (source, path, arguments)
            assert not unclean(text, colored="tty" in arguments), where
            assert not broken(text), where
            if f"qz{number}z" in text:
                shown.add(path)
            if "json" in arguments:
                for one in texts_in(as_json(text)):
                    assert not unclean(one), where
    print(f"{source}: {len(cases)} fields x {len(OUTPUTS[source])} outputs, {len(shown)} shown")
    assert shown or source == "registry"


def test_a_plan_is_exact_and_harmless_on_a_terminal(
    place: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "a\nb\x1b[1m\x85\u202e\u2066\u2028 שלום"
    definition = copy.deepcopy(BAKE)
    definition["target"]["app"]["args"]["V"] = value
    place.write_inputs("bake", definition)
    (place.folder / "docker-bake.json").write_text("{}")
    text = output_of(_PLAN, capsys)
    assert not unclean(text)
    assert json.loads(text)["target"]["app"]["args"]["V"] == value
