"""The snippets of the guides in other languages: they are read, and CI's fit its public schema."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from check_jsonschema import main as check_schema
from click.testing import CliRunner
from ruamel.yaml import YAML

from openhqm_tui.engine.docker.facts import VERIFYING_ENGINE, version_tuple
from tests.guides.commands import parsed
from tests.guides.places import TOP, pages


class Snippet(NamedTuple):
    page: Path
    kind: str
    text: str
    line: int


EVERY = [
    Snippet(page, token.info.split()[0], token.content, (token.map or [0])[0] + 1)
    for page in pages()
    for token in parsed(page)
    if token.type == "fence" and token.info.strip()
]
_KNOWN = {"sh", "bash", "console", "yaml", "toml", "groovy", "text", "python", "dockerfile"}


def ids(snippet: Snippet) -> str:
    return f"{snippet.page.relative_to(TOP)}:{snippet.line}:{snippet.kind}"


def of(kind: str) -> list[Snippet]:
    return [snippet for snippet in EVERY if snippet.kind == kind]


def schema_of(text: str) -> str:
    told = YAML(typ="safe").load(text)
    return "vendor.github-workflows" if "jobs" in told else "vendor.gitlab-ci"


def fits(text: str, folder: Path) -> str:
    """Return what the public schema finds wrong in a CI file; '' for nothing. Asks no network."""
    file = folder / "ci.yml"
    file.write_text(text)
    told = CliRunner().invoke(check_schema, ["--builtin-schema", schema_of(text), str(file)])
    return "" if told.exit_code == 0 else told.output


def test_of_a_language_that_we_look_at():
    assert [ids(snippet) for snippet in EVERY if snippet.kind not in _KNOWN] == []


def test_toml_is_read():
    broken = {}
    for snippet in of("toml"):
        try:
            tomllib.loads(snippet.text)
        except tomllib.TOMLDecodeError as problem:
            broken[ids(snippet)] = str(problem)
    assert of("toml")
    assert broken == {}


@pytest.mark.parametrize("snippet", of("yaml"), ids=ids)
def test_yaml_fits_the_schema_of_its_ci(snippet: Snippet, tmp_path: Path):
    assert not fits(snippet.text, tmp_path)


def test_both_ci_systems_are_there():
    assert {schema_of(snippet.text) for snippet in of("yaml")} == {
        "vendor.github-workflows",
        "vendor.gitlab-ci",
    }
    assert of("groovy")


@pytest.mark.parametrize("snippet", of("yaml"), ids=ids)
def test_what_does_not_fit_is_found(snippet: Snippet, tmp_path: Path):
    yaml = YAML(typ="safe", pure=True)
    told = yaml.load(snippet.text)
    for job in told["jobs"].values() if "jobs" in told else [told["images"]]:
        job["script" if "script" in job else "steps"] = 7
    broken = io.StringIO()
    yaml.dump(told, broken)
    assert fits(broken.getvalue(), tmp_path)


@pytest.mark.parametrize("snippet", of("groovy"), ids=ids)
def test_a_pipeline_is_closed_where_it_is_opened(snippet: Snippet):
    depth = 0
    for letter in snippet.text:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    assert all(word in snippet.text for word in ("pipeline {", "agent ", "stages {", "steps {"))


CI_SNIPPETS = [*of("yaml"), *of("groovy")]
_INSIDE = re.compile(r"(?:\$\{?(?:CI_PROJECT_DIR|WORKSPACE|GITHUB_WORKSPACE)\}?/|\s\.\w)")


@pytest.mark.parametrize("snippet", CI_SNIPPETS, ids=ids)
def test_state_and_environment_lie_outside_of_the_build_context(snippet: Snippet):
    placed = [
        line
        for line in snippet.text.splitlines()
        if re.search(r"OPENHQM_TUI_STATE_DIR|-m venv|bin/openhqm-tui|bin/pip", line)
    ]
    assert placed or "setup-python" in snippet.text
    assert not [line for line in placed if _INSIDE.search(line)]


def test_a_place_inside_would_be_found():
    for line in (
        "OPENHQM_TUI_STATE_DIR: $CI_PROJECT_DIR/.runs",
        'OPENHQM_TUI_STATE_DIR = "${WORKSPACE}/.runs"',
        "python3 -m venv .tui",
    ):
        assert _INSIDE.search(line)


def test_every_ci_has_an_engine_that_can_verify():
    (github,) = [one for one in of("yaml") if "jobs:" in one.text]
    steps = YAML(typ="safe").load(github.text)["jobs"]["images"]["steps"]
    (setup,) = [step for step in steps if "setup-docker-action" in step.get("uses", "")]
    assert version_tuple(setup["with"]["version"]) >= VERIFYING_ENGINE
    (gitlab,) = [one for one in of("yaml") if "services:" in one.text]
    versions = re.findall(r"docker:(\d+\.\d+)-(?:cli|dind)", gitlab.text)
    assert len(versions) == 2
    assert all(version_tuple(version) >= VERIFYING_ENGINE for version in versions)


def test_actions_of_the_guide_have_the_majors_of_our_own_workflows():
    (github,) = [one for one in of("yaml") if "jobs:" in one.text]
    own = "".join(file.read_text() for file in (TOP / ".github/workflows").glob("*.yml"))
    for name, major in re.findall(r"uses: (\S+)@(v\d+)", github.text):
        assert re.search(rf"{name}@\w{{40}} # {major}\.", own), name


def test_the_gitlab_runner_shares_the_certificates_of_the_engine():
    (runner,) = [tomllib.loads(one.text) for one in of("toml") if "[[runners]]" in one.text]
    docker = runner["runners"][0]["docker"]
    assert docker["privileged"]
    assert docker["volumes"] == ["/certs/client", "/cache"]
