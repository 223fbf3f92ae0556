"""Planted faults: each is found by its check, on each platform, and can do no harm.

That images without faults raise no alarm is tested by the main job, and here with the good image
that all faults are made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.run.checks.sandbox import RUN_LABEL
from tests.real.conftest import MAIN_JOB, Ran, docker
from tests.real.faults.checking import GOOD, Answers, check_faults
from tests.real.faults.fault import BOTH, FOREIGN, Fault
from tests.real.faults.images import NAME, Good, build, remove
from tests.real.faults.table import FAULTS, SECRETS
from tests.real.faults.verdict_table import shortcomings

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]

# Faults that `make test` checks on the emulated platform too: each way in which a platform matters,
# and one crash, one failed start and one forged answer under emulation.
EMULATED = {
    "missing-platform",
    "extra-platform",
    "config-lies",
    "wrong-arch-library",
    "wrong-arch-userland",
    "wrong-arch-extension",
    "crashing-extension",
    "import-error",
    "forged-answer",
}


def sampled() -> set[str]:
    """Return the names of the faults that `make test` checks natively.

    The first of each kind (static, running, slow) of every check, and all those of the service.
    """
    first: dict[tuple[str, bool, bool], str] = {}
    for fault in FAULTS:
        first.setdefault((fault.check, fault.runs, fault.slow), fault.name)
    service = {fault.name for fault in FAULTS if fault.check == "service" and not fault.slow}
    return {*first.values()} | service


def case(fault: Fault, platform: str) -> Any:
    """Return the case of a fault on a platform; `test-full` has those that aren't selected."""
    selected = EMULATED if platform == FOREIGN else SAMPLED | EMULATED
    left = fault.name not in selected
    name = f"{fault.name}-{platform.removeprefix('linux/')}"
    return pytest.param(fault, platform, id=name, marks=[pytest.mark.full] if left else [])


SAMPLED = sampled()
CASES = [case(fault, platform) for fault in FAULTS for platform in fault.platforms]
# Everything that moves the cursor or starts an escape sequence.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# More characters than any record of an honest lane has.
MOST_WORDS = 20_000
WRITTEN_HERE = {
    *("Dockerfile", "docker-bake.json", "workshop.py", "twisted.tar"),
    *("openhqm-checks.toml", "modules.toml", "slow.toml", "still.toml"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder that may be written to."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def answers(main_job: Ran, folder: Path, request: pytest.FixtureRequest) -> Iterator[Answers]:
    """Build and check all faults once; under emulation only the selected ones."""
    assert main_job.code == 0, main_job.err
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    emulated = {
        spec.params["fault"].name
        for spec in chosen
        if spec and "fault" in spec.params and spec.params["platform"] == FOREIGN
    }
    names = {spec.params["fault"].name for spec in chosen if spec and "fault" in spec.params}
    faults = [fault for fault in FAULTS if fault.name in names]
    good = Good(f"{MAIN_JOB}:latest-redis", f"{MAIN_JOB}:latest-mqtt")
    try:
        build(faults, good, folder, emulated)
        yield check_faults(faults, good.redis, folder, emulated)
    finally:
        remove(faults)


@pytest.mark.parametrize(("fault", "platform"), CASES)
def test_a_planted_fault_is_found_by_its_check(
    fault: Fault, platform: str, answers: Answers
) -> None:
    assert shortcomings(fault, platform, answers) == []


@pytest.mark.parametrize("platform", BOTH)
def test_the_good_image_raises_no_alarm(platform: str, answers: Answers) -> None:
    verdicts = answers.of(GOOD, platform)
    assert {fault.check for fault in FAULTS} <= set(verdicts)
    assert {v.answer for v in verdicts.values()} == {Answer.PASS}


def test_output_of_an_image_reaches_the_terminal_without_escape_sequences(answers: Answers) -> None:
    for lane, verdicts in answers.by_lane.items():
        for verdict in verdicts:
            assert not CONTROL.search(verdict.evidence), (lane, verdict)
    for ran in answers.outputs:
        assert "\x1b" not in ran.out + ran.err
        assert max(len(line) for line in ran.out.splitlines()) < MOST_WORDS


def test_no_secret_is_printed(answers: Answers) -> None:
    for ran in answers.outputs:
        for secret in SECRETS:
            assert secret not in ran.out + ran.err


def test_no_container_outlives_its_checks(answers: Answers) -> None:
    ids = docker("ps", "--all", "--quiet", "--filter", f"label={RUN_LABEL}").split()
    # Other tests may be checking their images now.
    images = docker("inspect", "--format", "{{.Config.Image}}", *ids).split() if ids else []
    assert [image for image in images if image.startswith(NAME)] == []


def test_nothing_is_written_outside_the_containers(answers: Answers, folder: Path) -> None:
    """No files except those that the suite itself wrote, and no leftover volumes."""
    assert {file.name for file in folder.iterdir()} == WRITTEN_HERE
    assert answers.new_volumes == ()
