"""The expectations for the images of a run: the bundled ones, overridden by the project's file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import checks_for
from openhqm_tui.domain.checks.expectation import STRICT
from openhqm_tui.domain.checks.running.service import SERVICE, companions_of
from openhqm_tui.domain.checks.static.labels import LABELS
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.bake import SourceKind
from openhqm_tui.run.start.source import source_for
from tests.run.test_prepare import SOURCE, THEIRS, plain_environment, ready

__all__ = ["plain_environment"]


def test_an_image_of_another_project_is_checked_against_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openhqm-checks.toml").write_text(
        "[defaults]\nuser = 7\n[targets.app]\npython = '{python}'\n[targets.ap]\nuser = 8\n"
    )
    run = ready("app", source=THEIRS, base_image="")
    assert {tuple(one.expectation.keys.items()) for one in run.expectations} == {(("user", 7),)}
    assert all(one.expectation.has_python for one in run.expectations)
    assert any("no target matches 'ap'" in warning for warning in run.warnings)
    assert any("did you mean app?" in warning for warning in run.warnings)


def test_the_projects_file_overrides_bundled_expectations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[targets.redis]\nmax-mb = 1\nservice = false\n")
    (expected, _) = (one.expectation for one in ready("redis", checks="mine.toml").expectations)
    assert (expected.keys["max-mb"], SERVICE.is_set(expected)) == (1, False)
    assert STRICT.of(expected), "the rest is as bundled"


def test_a_checkouts_own_dockerfile_is_not_failed_for_style() -> None:
    own = msgspec.structs.replace(SOURCE, kind=SourceKind.CHECKOUT)
    (expected, _) = (one.expectation for one in ready("redis", source=own).expectations)
    untidy = {"byte-code", "size", "command", "health-check"}
    assert (STRICT.of(expected), untidy & {*checks_for(expected)}) == (False, set())
    assert LABELS.of(expected) == {"queue.backend": "redis"}
    assert SERVICE.is_set(expected), "the service is still checked"


def checkout(folder: Path, **files: str) -> Path:
    """Make an OpenHQM checkout with these requirements: `core`, or those of a variant."""
    (folder / "src" / "openhqm").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM x\nARG QUEUE_BACKEND=all\n")
    for name, text in files.items():
        file = "requirements.txt" if name == "core" else f"requirements-queue-{name}.txt"
        (folder / file).write_text(text)
    return folder


THEIR_FILES = {
    "core": "-r more.txt\nfastapi",
    "all": "-r requirements-queue-redis.txt\n-r requirements-queue-kafka.txt",
    "redis": "redis>=4.5\n",
    "kafka": "confluent-kafka>=2; platform_machine == 'x86_64'\naiokafka; sys_platform == 'x'",
}


@pytest.mark.parametrize("dockerfile", ["", "bundled"])
def test_a_checkouts_requirements_define_the_clients_of_its_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dockerfile: str
) -> None:
    folder = checkout(tmp_path / "checkout", **THEIR_FILES)
    (folder / "more.txt").write_text("redis[hiredis]==7.4.0\n")
    monkeypatch.chdir(folder)
    source = source_for(folder, dockerfile=dockerfile)
    assert [c.distribution for v in source.variants if v.name == "all" for c in v.clients] == [
        "redis",
        "confluent-kafka",
    ]
    run = ready("all", "redis", "kafka", "minimal", source=source)
    assert f"requirements-queue-*.txt and requirements.txt in {folder}, then " in run.origin
    # Its core requirements include the client of the queue that its service connects to.
    (announced,) = run.warnings
    assert announced.startswith("service checks start companion containers (redis:7-alpine)")
    images = [[one.image for one in companions_of(each.expectation)] for each in run.expectations]
    assert set(map(tuple, images)) == {("redis:7-alpine",)}
    alone = ready("all", "redis", "kafka", "minimal", source=source, companions=False)
    assert not alone.warnings
    assert not any(companions_of(each.expectation) for each in alone.expectations)
    found = {(one.target, str(one.expectation.platform)): one for one in run.expectations}
    keys = {
        target: found[target, "linux/amd64"].expectation.keys
        for target in ("all", "redis", "kafka", "minimal")
    }
    assert {name: one["clients"] for name, one in keys.items()} == {
        "all": {"redis": "redis", "confluent-kafka": "*"},
        "redis": {"redis": "redis"},
        "kafka": {"confluent-kafka": "*"},
        "minimal": {},
    }
    assert keys["redis"]["requirements"] == ["redis>=4.5"]
    assert keys["redis"]["core"] == ["fastapi", "redis[hiredis]==7.4.0"]
    others = {"boto3", "azure-eventhub", "google-cloud-pubsub", "paho-mqtt"}
    assert {name: set(one["absent"]) - others for name, one in keys.items()} == {
        "all": set(),
        "redis": {"confluent-kafka"},
        "kafka": set(),
        "minimal": {"confluent-kafka"},
    }
    arm = found["kafka", "linux/arm64"].expectation.keys
    assert arm["clients"] == {}, "markers are evaluated for each platform"


def test_the_projects_file_overrides_its_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkout(tmp_path, redis="redis>=4.5")
    (folder / "openhqm-checks.toml").write_text("[targets.redis]\nclients = {valkey = 'valkey'}")
    monkeypatch.chdir(folder)
    (expected, _) = (
        one.expectation for one in ready("redis", source=source_for(folder)).expectations
    )
    assert expected.keys["clients"] == {"valkey": "valkey"}


def test_requirements_that_lead_out_of_the_checkout_are_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside.txt").write_text("secret-package")
    folder = checkout(tmp_path / "checkout", kafka="-r ../outside.txt\naiokafka")
    (folder / "requirements-queue-redis.txt").symlink_to(tmp_path / "outside.txt")
    monkeypatch.chdir(folder)
    run = ready("redis", "kafka", source=source_for(folder))
    keys = [one.expectation.keys["clients"] for one in run.expectations]
    assert keys == [{"redis": "redis"}] * 2 + [{"aiokafka": "aiokafka"}] * 2
    warnings = " ".join(run.warnings)
    assert "requirements-queue-redis.txt: can't be read (a link that points outside" in warnings
    assert "../outside.txt: can't be read (outside the checkout)" in warnings


def test_a_missing_checks_file_is_refused() -> None:
    with pytest.raises(Problem, match=r"the checks file .*none\.toml can't be read"):
        ready("redis", checks="none.toml")
