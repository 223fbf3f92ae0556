"""Variables and expressions of a hosted runner, as the local runner fills them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows.hosted import Job, Unknown, expanded, pairs
from tests.workflows.reading import TOP, jobs

CONTEXTS = {
    "matrix": {"arch": "amd64"},
    "needs": {"package": {"outputs": {"tags": "1.2.3 latest", "image": "r.test/a/b"}}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("report-${{ matrix.arch }}.json", "report-amd64.json"),
        ("${{ needs.package.outputs.image }}@x", "r.test/a/b@x"),
        ("${{ contains(needs.package.outputs.tags, 'latest') }}", "true"),
        ("${{ contains(needs.package.outputs.tags, 'rc') }}", "false"),
        ("plain", "plain"),
    ],
)
def test_expressions_are_filled_in(text: str, value: str) -> None:
    assert expanded(text, CONTEXTS) == value


@pytest.mark.parametrize("text", ["${{ secrets.TOKEN }}", "${{ matrix.nope }}"])
def test_expressions_that_only_github_can_evaluate_are_refused(text: str) -> None:
    with pytest.raises(Unknown):
        expanded(text, CONTEXTS)


def test_outputs_of_steps_are_read(tmp_path: Path) -> None:
    (tmp_path / "merge").write_text('indexes=[{"a": "b=c"}]\nimages=[]\n')
    assert pairs(tmp_path / "merge") == {"indexes": '[{"a": "b=c"}]', "images": "[]"}
    assert pairs(tmp_path / "none") == {}


@pytest.mark.parametrize("name", [name for name, job in jobs() if "run" in str(job["steps"])])
def test_every_job_with_scripts_can_be_run_locally(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each script is reached, with its variables filled in."""
    (tmp_path / "clone").symlink_to(TOP)
    for folder in ("artifacts", "outputs"):
        (tmp_path / folder).mkdir()
    outputs = {"image": "r.test/a/b", "version": "1.2.3", "tags": "1.2.3", "prerelease": "false"}
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    (tmp_path / "outputs/package").write_text(lines)
    monkeypatch.setattr(Job, "_use", lambda *_: None)
    matrix = {"platform": "linux/amd64", "arch": "amd64", "python": "3.13", "system": "x"}
    started: list[str] = []

    def start(words: list[str]) -> list[str]:
        started.append(words[-1])
        return ["true"]

    job = Job(name, tmp_path, matrix, {}, start)
    assert job.run()
    scripts = [step["run"] for step in job.job["steps"] if "run" in step]
    assert started == [script for script in scripts if "gh release" not in script]
    assert "${{" not in str(job.contexts["env"])
