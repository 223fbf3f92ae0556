"""Snippets in other languages: they are valid, and CI files match their public schema."""

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
    document = YAML(typ="safe").load(text)
    return "vendor.github-workflows" if "jobs" in document else "vendor.gitlab-ci"


def schema_errors(text: str, folder: Path) -> str:
    """Return the errors of a CI file against the public schema, '' if none. Needs no network."""
    file = folder / "ci.yml"
    file.write_text(text)
    result = CliRunner().invoke(check_schema, ["--builtin-schema", schema_of(text), str(file)])
    return "" if result.exit_code == 0 else result.output


def test_every_snippet_is_in_a_checked_language():
    assert [ids(snippet) for snippet in EVERY if snippet.kind not in _KNOWN] == []


def test_toml_snippets_are_valid():
    broken = {}
    for snippet in of("toml"):
        try:
            tomllib.loads(snippet.text)
        except tomllib.TOMLDecodeError as problem:
            broken[ids(snippet)] = str(problem)
    assert of("toml")
    assert broken == {}


@pytest.mark.parametrize("snippet", of("yaml"), ids=ids)
def test_ci_snippets_match_their_schema(snippet: Snippet, tmp_path: Path):
    assert not schema_errors(snippet.text, tmp_path)


def test_snippets_cover_all_ci_systems():
    assert {schema_of(snippet.text) for snippet in of("yaml")} == {
        "vendor.github-workflows",
        "vendor.gitlab-ci",
    }
    assert of("groovy")


@pytest.mark.parametrize("snippet", of("yaml"), ids=ids)
def test_an_invalid_ci_snippet_is_found(snippet: Snippet, tmp_path: Path):
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(snippet.text)
    for job in document["jobs"].values() if "jobs" in document else [document["images"]]:
        job["script" if "script" in job else "steps"] = 7
    broken = io.StringIO()
    yaml.dump(document, broken)
    assert schema_errors(broken.getvalue(), tmp_path)


@pytest.mark.parametrize("snippet", of("groovy"), ids=ids)
def test_jenkins_pipelines_have_balanced_braces(snippet: Snippet):
    depth = 0
    for letter in snippet.text:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    assert all(word in snippet.text for word in ("pipeline {", "agent ", "stages {", "steps {"))


CI_SNIPPETS = [*of("yaml"), *of("groovy")]
_INSIDE = re.compile(r"(?:\$\{?(?:CI_PROJECT_DIR|WORKSPACE|GITHUB_WORKSPACE)\}?/|\s\.\w)")


@pytest.mark.parametrize("snippet", CI_SNIPPETS, ids=ids)
def test_state_and_environment_are_outside_the_build_context(snippet: Snippet):
    placed = [
        line
        for line in snippet.text.splitlines()
        if re.search(r"OPENHQM_TUI_STATE_DIR|-m venv|bin/openhqm-tui|bin/pip", line)
    ]
    assert placed or "setup-python" in snippet.text
    assert not [line for line in placed if _INSIDE.search(line)]


def test_a_path_inside_the_build_context_would_be_found():
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


def test_actions_in_the_guide_have_the_versions_of_our_workflows():
    (github,) = [one for one in of("yaml") if "jobs:" in one.text]
    own = "".join(file.read_text() for file in (TOP / ".github/workflows").glob("*.yml"))
    for name, major in re.findall(r"uses: (\S+)@(v\d+)", github.text):
        assert re.search(rf"{name}@\w{{40}} # {major}\.", own), name


def test_the_gitlab_runner_shares_the_certificates_of_the_engine():
    (runner,) = [tomllib.loads(one.text) for one in of("toml") if "[[runners]]" in one.text]
    docker = runner["runners"][0]["docker"]
    assert docker["privileged"]
    assert docker["volumes"] == ["/certs/client", "/cache"]
