"""Every `run:` of the workflows: it is run if possible, otherwise its words are checked.

A step is in `RUN` (run here unchanged) or in `NOT_RUN` (with the reason); a new one must be added
to one of them. For all of them, shell syntax, make targets and our flags are checked.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from string import Template

import pytest

from openhqm_tui import __version__
from openhqm_tui.cli.main import parse
from tests.recordings import copied
from tests.workflows.reading import TOP, Step, steps

SCRIPTS = {step.place: step for step in steps() if step.script}
TARGETS = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.M))
OURS = ".venv/bin/openhqm-tui"

NOT_RUN = {
    "ci/check/Check style and types": "what made this test run",
    "ci/check/Check the workflows": "these tests",
    "ci/test/Install the shells that completion is tested in": "needs root, changes the machine",
    "ci/test/Run all tests that need no engine": "all tests, of which this is one",
    "ci/engine/Install a registry to push to, and what joins two builder nodes": (
        "needs root, changes the machine"
    ),
    "ci/engine/Provide a browser for the tests of serve": "needs root, changes the machine",
    "ci/engine/Pull the base image for both platforms": "needs Docker Hub",
    "ci/engine/Run the tests on the real engine": "all tests, of which this is one",
    "ci/full/Install a registry, what joins two builder nodes, and shells": (
        "needs root, changes the machine"
    ),
    "ci/full/Provide a browser for the tests of serve": "needs root, changes the machine",
    "ci/full/Pull the base image for both platforms": "needs Docker Hub",
    "ci/full/Run the full suite": "all tests, of which this is one",
    "ci/full/Run the engine tests that need root": "needs root; `make test` runs them as root",
    "ci/engine/Run the engine tests that need root": "needs root; `make test` runs them as root",
    "ci/lowest/Start the console on the lowest versions of its requirements": "tests/package",
    "ci/images/Install the package": "an environment exists already, so it would do nothing",
    "ci/images/Diagnose this machine": "needs an engine; tests/engine and tests/real do it",
    "ci/images/Build and verify all variants on their own processor": "tests/real builds all",
    "release/package/Install the package": "an environment exists already, so it would do nothing",
    "release/package/Try the wheel by itself, in an empty folder": "the tests of the package do it",
    "release/images/Install the package": "an environment exists already, so it would do nothing",
    "release/images/Build, verify and push all variants": "needs a registry; tests/real pushes",
    "release/release/Publish the release": "needs GitHub",
}


def with_a_run(place: Path) -> None:
    copied("checked", place / "state/runs/20261123-163211-eccd")


def with_reports(place: Path) -> None:
    """Two reports, one for each platform's images, and a docker that stores what it is given."""
    for arch in ("amd64", "arm64"):
        report(place / f"report-{arch}.json", arch)
        (place / "here").mkdir(exist_ok=True)
        (place / f"here/report-{arch}.md").write_text(f"# {arch}\n", encoding="utf-8")
    fake = place / "bin/docker"
    fake.parent.mkdir()
    fake.write_text(FAKE_DOCKER, encoding="utf-8")
    fake.chmod(0o755)


def report(file: Path, arch: str, **lane: str) -> Path:
    """Write the parts of a report that the merge reads."""
    names = ("all", "redis")
    lanes = [
        {
            **{"target": name, "variant": name, "platform": f"linux/{arch}", "status": "passed"},
            **{"result": "verified", "digest": f"sha256:{name}-{arch}"},
            **(lane if name == "redis" else {}),
        }
        for name in names
    ]
    targets = [
        {"name": name, "pushed": "passed", "tags": [f"r.test:5000/o/openhqm-{arch}:1.2.3-{name}"]}
        for name in names
    ]
    file.write_text(json.dumps({"lanes": lanes, "targets": targets}), encoding="utf-8")
    return file


FAKE_DOCKER = r"""#!/usr/bin/env python3
import json, os, sys
from pathlib import Path

words, place = sys.argv[1:], Path(os.environ["FAKE_DOCKER"])
assert words[:2] == ["buildx", "imagetools"], words
if words[2] == "create" and os.environ.get("FAKE_FAILURE", "\0") in " ".join(words):
    sys.exit("#1 pushing\nERROR: failed to authorize: 403 Forbidden")
elif words[2] == "create":
    tags = [words[at + 1] for at, word in enumerate(words) if word == "--tag"]
    digests = [word.partition("@")[2] for word in words if "@" in word]
    index = {"manifests": [{"digest": digest} for digest in digests]}
    for tag in tags:
        (place / tag.replace("/", "+")).write_text(json.dumps(index))
else:
    assert words[2:4] == ["inspect", "--raw"], words
    print((place / words[4].replace("/", "+")).read_text(), end="")
"""


def with_a_section(place: Path) -> None:
    """A repository with a changelog that has a section for this version."""
    changelog = place / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(f"{text}\n## {__version__}\n\n- It works.\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(place)], check=True)


def with_notes(place: Path) -> None:
    with_reports(place)
    with_a_section(place)


def nothing(place: Path) -> None:
    """No files are needed."""


RUN: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "ci/images/Write the report": (with_a_run, ("report-amd64.md", "report-amd64.xml")),
    "release/images/Write the report": (with_a_run, ("report-amd64.md", "report-amd64.json")),
    "release/merge/Merge by digest and read back": (with_reports, ("output",)),
    "release/package/Check the tag against the package's version and the changelog": (
        with_a_section,
        ("output",),
    ),
    "release/package/Build wheel and sdist": (nothing, ("dist/*.whl", "dist/*.tar.gz")),
    "release/release/Write the notes from the changelog and the reports": (
        with_notes,
        ("notes.md",),
    ),
}


def test_every_step_is_run_or_has_a_reason() -> None:
    assert set(RUN) | set(NOT_RUN) == set(SCRIPTS)
    assert not set(RUN) & set(NOT_RUN)
    assert all(NOT_RUN.values())


@pytest.mark.parametrize("step", SCRIPTS.values(), ids=SCRIPTS)
def test_syntax_targets_and_flags_of_a_step_are_valid(step: Step) -> None:
    checked = subprocess.run(["bash", "-n"], input=step.script, text=True, check=False)
    assert checked.returncode == 0
    for line in step.script.splitlines():
        words = shlex.split(line)
        if words[0] == "make":
            targets = [word for word in words[1:] if "=" not in word]
            assert targets
            assert set(targets) <= {*TARGETS, ".venv/.ready"}
        if words[0] == OURS:
            values = {"PLATFORM": "linux/amd64", "VERSION": "1", "ARCH": "arm64", "IMAGE": "a/b"}
            assert parse([Template(word).substitute(values) for word in words[1:]]).run
        for path in (word for word in words if re.match(r"(?:\.github|tests)/", word)):
            assert (TOP / path).exists()


def test_an_unknown_flag_would_be_found() -> None:
    wrong = Step("x", {"run": f"{OURS} build --bild-all"}, {})
    with pytest.raises(Exception, match="did you mean --build-all"):
        test_syntax_targets_and_flags_of_a_step_are_valid(wrong)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the tracked files, with this virtual environment."""
    place = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith("tests/") or not (TOP / name).exists():
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, place / name)
    (place / ".venv").symlink_to(sys.prefix)
    return place


@pytest.mark.parametrize("name", RUN)
def test_a_step_runs_unchanged(name: str, checkout: Path) -> None:
    prepare, files = RUN[name]
    prepare(checkout)
    (checkout / "docker").mkdir()
    given = {
        "TAG": f"v{__version__}",
        "IMAGE": "r.test:5000/o/openhqm",
        "TAGS": f"{__version__} latest",
        "VERSION": __version__,
        "ARCH": "amd64",
    }
    environment = os.environ | {
        **{key: given.get(key, str(value)) for key, value in SCRIPTS[name].env.items()},
        "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}",
        "OPENHQM_TUI_STATE_DIR": str(checkout / "state"),
        "GITHUB_OUTPUT": str(checkout / "output"),
        "GITHUB_REPOSITORY": "OpenHQM/openhqm-tui",
        "RUNNER_TEMP": str(checkout / "docker"),
        "FAKE_DOCKER": str(checkout / "docker"),
    }
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", SCRIPTS[name].script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for pattern in files:
        (file,) = checkout.glob(pattern)
        assert file.stat().st_size > 0
