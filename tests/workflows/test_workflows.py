"""The workflows match the public schema and our own rules: pins, permissions, untrusted text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.engine.docker.facts import VERIFYING_ENGINE, version_tuple
from tests.workflows.reading import FILES, TOP, jobs, steps, workflow

JOBS = jobs()
STEPS = steps()
BIN = Path(sys.executable).parent
# Jobs that may request a token for this repository, and jobs that may write to it.
MAY_SIGN = {"release/sbom", "release/attest", "release/pypi"}
MAY_RELEASE = {"release/release"}
USES = re.compile(r"uses: (\S+)(?: # (\S+))?")


def ran(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", FILES),
        ("vendor.dependabot", [TOP / ".github/dependabot.yml"]),
        ("vendor.github-issue-forms", [TOP / ".github/ISSUE_TEMPLATE/bug.yml"]),
    ],
)
def test_workflows_match_the_public_schema(schema: str, files: list[Path]) -> None:
    assert files
    result = ran(BIN / "check-jsonschema", "--builtin-schema", schema, *files)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_invalid_workflow_would_be_found(tmp_path: Path) -> None:
    text = FILES[0].read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace("runs-on:", "runs-onn:", 1), encoding="utf-8")
    assert ran(
        BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", wrong
    ).returncode


def test_the_auditor_has_no_findings(tmp_path: Path) -> None:
    result = ran(BIN / "zizmor", "--offline", "--no-progress", *FILES)
    assert result.returncode == 0, result.stdout
    wrong = tmp_path / "wrong.yml"
    text = FILES[0].read_text(encoding="utf-8")
    wrong.write_text(
        text.replace("run: make check", 'run: echo "${{ github.head_ref }}"', 1), encoding="utf-8"
    )
    assert ran(BIN / "zizmor", "--offline", "--no-progress", wrong).returncode


def test_actions_are_pinned_to_the_same_commit_everywhere() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for file in FILES:
        for used, version in USES.findall(file.read_text(encoding="utf-8")):
            name, _, commit = used.partition("@")
            assert re.fullmatch(r"[0-9a-f]{40}", commit), used
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), used
            pins.setdefault(name, set()).add((commit, version))
    assert len(pins) > 5
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workflows_have_no_permissions_by_default(file: Path) -> None:
    definition = workflow(file)
    assert definition["permissions"] == {}
    assert definition["concurrency"]


@pytest.mark.parametrize(("name", "job"), JOBS, ids=[name for name, _ in JOBS])
def test_a_job_has_few_permissions_and_a_timeout(name: str, job: dict[str, Any]) -> None:
    rights = job["permissions"]
    assert job["timeout-minutes"] <= (90 if name == "ci/full" else 45)
    assert ("id-token" in rights) == (name in MAY_SIGN)
    assert (rights.get("contents") == "write") == (name in MAY_RELEASE)
    if name.startswith("ci/"):
        assert rights == {"contents": "read"}


def test_checkouts_keep_no_credentials_and_scripts_have_no_expressions() -> None:
    for step in STEPS:
        if str(step.definition.get("uses", "")).startswith("actions/checkout@"):
            assert step.definition["with"]["persist-credentials"] is False, step.place
        assert "${{" not in step.script, step.place


CI, RELEASE = (workflow(TOP / f".github/workflows/{name}.yml") for name in ("ci", "release"))
# The first major version of each action that runs on Node 24; runners no longer have Node 20.
NODE_24 = {
    "actions/attest": 4,
    "actions/checkout": 5,
    "actions/download-artifact": 7,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "anchore/sbom-action": 0,
    "docker/login-action": 4,
    "docker/setup-docker-action": 5,
    "docker/setup-qemu-action": 4,
    "pypa/gh-action-pypi-publish": 1,
}


def test_actions_run_on_node_24() -> None:
    for file in FILES:
        for used, version in USES.findall(file.read_text(encoding="utf-8")):
            name = used.partition("@")[0]
            major, minor = (int(number) for number in version[1:].split(".")[:2])
            assert major >= NODE_24[name], used
            assert name != "anchore/sbom-action" or minor >= 24


def test_images_are_built_with_a_pinned_engine_that_can_verify() -> None:
    pinned = [step for step in STEPS if "setup-docker-action" in step.definition.get("uses", "")]
    assert len(pinned) == 4
    for step in pinned:
        assert step.definition["with"]["version"] == "${{ env.ENGINE }}"
        assert "containerd-snapshotter" in step.definition["with"]["daemon-config"]
    for definition in (CI, RELEASE):
        assert version_tuple(definition["env"]["ENGINE"]) >= VERIFYING_ENGINE
    builders = {step.place.rpartition("/")[0] for step in STEPS if "tui build" in step.script}
    assert builders <= {step.place.rpartition("/")[0] for step in pinned}


def test_the_emulator_is_pinned_by_digest() -> None:
    emulated = [step for step in STEPS if "setup-qemu-action" in step.definition.get("uses", "")]
    assert emulated
    for step in emulated:
        image = step.definition["with"]["image"]
        assert (found := re.fullmatch(r"tonistiigi/binfmt:qemu-v(\d+)\.\S+@sha256:\w{64}", image))
        assert int(found[1]) >= 10


def needed(job: str) -> set[str]:
    """Return the jobs of the release that must succeed before the given one."""
    needs = RELEASE["jobs"][job].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(needed(one) for one in direct)) if direct else set()


def test_the_release_checks_the_version_and_repository_first() -> None:
    jobs = RELEASE["jobs"]
    assert jobs["package"]["if"] == (
        "github.repository == 'openhqm/openhqm-tui' && github.ref_type == 'tag'"
    )
    for name, job in jobs.items():
        assert name == "package" or "package" in needed(name)
        assert name == "package" or "if" not in job
    assert needed("release") == set(jobs) - {"release"}


def test_image_and_tags_come_from_the_checked_version() -> None:
    outputs = set(RELEASE["jobs"]["package"]["outputs"])
    assert outputs == {"image", "version", "tags", "prerelease"}
    # An owner may have capitals, an image reference may not.
    assert "repository_owner" not in (TOP / ".github/workflows/release.yml").read_text()
    assert RELEASE["jobs"]["merge"]["env"]["TAGS"] == "${{ needs.package.outputs.tags }}"
    # The tag becomes the label `image.version`.
    (build,) = [step for step in STEPS if "--push" in step.script]
    assert '--name "$IMAGE-$ARCH" --tag "$VERSION" ' in build.script
    (publish,) = [step for step in STEPS if "gh release create" in step.script]
    assert '--prerelease="$PRERELEASE"' in publish.script
    assert '--latest="$LATEST"' in publish.script


def test_ci_runs_weekly_and_on_demand_and_caches_downloads() -> None:
    assert CI["on"]["schedule"][0]["cron"].split()[4] != "*"
    assert "workflow_dispatch" in CI["on"]
    assert "workflow_dispatch" in RELEASE["on"]
    for step in STEPS:
        if "setup-python" in step.definition.get("uses", ""):
            # A cache that a pull request may have written must not be used for a release.
            cached = step.place.startswith("ci/")
            assert (step.definition["with"].get("cache") == "pip") is cached, step.place
    assert "make test-full" in {step.script for step in STEPS if step.place.startswith("ci/full/")}


def test_the_weekly_run_has_the_oldest_and_the_newest_python() -> None:
    (setup,) = [
        step
        for step in STEPS
        if step.place.startswith("ci/full/") and "setup-python" in step.definition.get("uses", "")
    ]
    versions = setup.definition["with"]["python-version"].split()
    tested = CI["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert {tested[0], tested[-1]} <= set(versions)


def test_environments_have_no_url() -> None:
    for _, job in JOBS:
        assert "url" not in job.get("environment", {})
