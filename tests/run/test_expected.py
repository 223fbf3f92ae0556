"""What the images of a run must be: what ships, and the project's own file over it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import checks_for
from openhqm_tui.domain.checks.expectation import STRICT
from openhqm_tui.domain.checks.running.service import SERVICE
from openhqm_tui.domain.checks.static.labels import LABELS
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.bake import SourceKind
from tests.run.test_prepare import SOURCE, THEIRS, plain_environment, ready

__all__ = ["plain_environment"]


def test_a_strangers_image_is_measured_by_the_projects_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openhqm-checks.toml").write_text(
        "[defaults]\nuser = 7\n[targets.app]\npython = '{python}'\n[targets.ap]\nuser = 8\n"
    )
    run = ready("app", source=THEIRS, base_image="")
    assert {tuple(one.expectation.keys.items()) for one in run.expectations} == {(("user", 7),)}
    assert all(one.expectation.has_python for one in run.expectations)
    assert any("no target is named 'ap'" in warning for warning in run.warnings)
    assert any("did you mean app?" in warning for warning in run.warnings)


def test_the_projects_file_overrides_bundled_expectations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[targets.redis]\nmax-mb = 1\nservice = false\n")
    (expected, _) = (one.expectation for one in ready("redis", checks="mine.toml").expectations)
    assert (expected.keys["max-mb"], SERVICE.is_set(expected)) == (1, False)
    assert STRICT.of(expected), "the rest is as it ships"


def test_a_checkouts_own_dockerfile_is_not_failed_for_style() -> None:
    own = msgspec.structs.replace(SOURCE, kind=SourceKind.CHECKOUT)
    (expected, _) = (one.expectation for one in ready("redis", source=own).expectations)
    untidy = {"byte-code", "size", "command", "health-check"}
    assert (STRICT.of(expected), untidy & {*checks_for(expected)}) == (False, set())
    assert LABELS.of(expected) == {"queue.backend": "redis"}
    assert SERVICE.is_set(expected), "it must still be able to do its work"


def test_a_file_that_wont_do_starts_nothing() -> None:
    with pytest.raises(Problem, match=r"the checks file .*none\.toml can't be read"):
        ready("redis", checks="none.toml")
