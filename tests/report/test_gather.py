"""A report has exactly the data of its run folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run import events as journal
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from openhqm_tui.report.rows import cache_sentence, shared_bytes, sharing_sentence
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied, recording
from tests.report.folders import with_layers


def before_its_end(folder: RunFolder, *events: journal.AnyEvent) -> RunFolder:
    """Put events into a journal before its last line."""
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    added = [msgspec.json.encode(event) + b"\n" for event in events]
    folder.events_file.write_bytes(b"".join([*lines[:-1], *added, lines[-1]]))
    return folder


def kinds(report: Report) -> list[str]:
    return [limit.kind for limit in report.limits]


def test_a_report_has_the_figures_of_the_run() -> None:
    report = read_report(recording("cold"))
    assert report.run.outcome == "passed"
    assert report.run.sentence == "16 images: 16 verified in 1:38"
    assert len(report.lanes) == 16
    assert report.environment.engine == "28.5.2+dfsg4"
    assert report.environment.pythons == ("CPython 3.13.5",)
    assert report.environment.revision.startswith("b17a17a8")
    redis = next(lane for lane in report.lanes if lane.target == "redis")
    assert redis.bytes == 41_536_849
    assert redis.unpacked_bytes == 123_822_080
    assert redis.against_all == pytest.approx(41_536_849 / 79_513_445)
    assert redis.architecture.machine == "x86_64"
    assert report.sizes.total_bytes == sum(lane.bytes or 0 for lane in report.lanes)
    assert all(case.answer == "pass" for lane in report.lanes for case in lane.cases)


def test_missing_figures_are_null() -> None:
    report = read_report(recording("cancelled"))
    assert report.sizes.total_bytes is None
    assert report.sizes.unique_bytes is None
    assert all(lane.bytes is None and lane.layers is None for lane in report.lanes)
    assert all(lane.check_seconds is None and not lane.cases for lane in report.lanes)


def test_steps_shared_by_targets_are_listed_once() -> None:
    report = read_report(recording("cold"))
    shared = [step for step in report.steps if len(step.targets) == 8]
    assert shared
    assert all(step.seconds < report.run.seconds for step in report.steps)
    assert not [step for step in report.steps if step.cached]


def test_labels_of_steps_are_complete() -> None:
    labels = [step.label for step in read_report(recording("cold")).steps]
    assert [label for label in labels if label.startswith("gcp 1/1 RUN --mount=")]
    assert [label for label in labels if label.startswith("gcp 1/1 RUN ") and "install" in label]


def test_sizes_of_platforms_are_compared() -> None:
    report = read_report(recording("checked"))
    assert [(one.target, one.first, one.second) for one in report.sizes.platforms] == [
        ("minimal", "linux/amd64", "linux/arm64"),
        ("redis", "linux/amd64", "linux/arm64"),
    ]
    assert report.sizes.platforms[0].ratio == pytest.approx(40_020_202 / 40_259_153)


def test_shared_and_own_layers_are_counted(tmp_path: Path) -> None:
    report = read_report(with_layers(tmp_path / "run"))
    by_name = {(lane.target, lane.platform): lane for lane in report.lanes}
    assert by_name["minimal", "linux/amd64"].own_bytes == 0
    # The client's layer is the same on both platforms, so neither owns it.
    redis = by_name["redis", "linux/arm64"]
    assert redis.own_bytes == 0
    assert redis.common_bytes == 28_486_588 + 7_115_974 + 6_466
    assert shared_bytes(redis) == 1_277_331
    assert report.sizes.layers == 6
    layers = 2 * (28_486_588 + 7_115_974) + 6_466 + 1_277_331
    rest = sum(
        (lane.bytes or 0) - sum(layer.bytes for layer in lane.layers or ()) for lane in report.lanes
    )
    assert report.sizes.unique_bytes == layers + rest
    assert "not measured" not in kinds(report)


def test_a_single_image_has_no_shared_layers(tmp_path: Path) -> None:
    report = read_report(with_layers(tmp_path / "run"))
    assert "sharing reduces it to" in sharing_sentence(report)
    alone = msgspec.structs.replace(report, lanes=report.lanes[:1])
    assert sharing_sentence(alone) == ""


def test_images_that_share_no_layers_are_said_to(tmp_path: Path) -> None:
    report = read_report(with_layers(tmp_path / "run"))
    sizes = msgspec.structs.replace(report.sizes, unique_bytes=report.sizes.total_bytes)
    apart = msgspec.structs.replace(report, sizes=sizes)
    assert sharing_sentence(apart) == " The images share no layers."


@pytest.mark.parametrize(
    ("steps", "cached", "sentence"),
    [
        (0, 0, "Hit rate: not measured; no build steps were recorded."),
        (1, 0, "0 of 1 build step was cached (0 %)."),
        (4, 1, "1 of 4 build steps were cached (25 %)."),
    ],
)
def test_cached_steps_are_counted_in_a_sentence(steps: int, cached: int, sentence: str) -> None:
    report = read_report(recording("checked"))
    rate = cached / steps if steps else None
    cache = msgspec.structs.replace(report.cache, steps=steps, cached=cached, rate=rate)
    assert cache_sentence(msgspec.structs.replace(report, cache=cache)) == sentence


def test_the_size_of_a_push_is_unknown_if_a_lane_has_no_layers(tmp_path: Path) -> None:
    folder = with_layers(tmp_path / "run")
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    seen = [line for line in lines if b"layers-seen" in line]
    folder.events_file.write_bytes(b"".join(line for line in lines if line != seen[0]))
    report = read_report(folder)
    assert report.sizes.unique_bytes is None
    assert report.sizes.layers is None
    assert "not measured" in kinds(report)


def test_limits_name_unverified_images_warnings_and_notes(tmp_path: Path) -> None:
    verdicts = (
        Verdict(check="machine", answer=Answer.UNKNOWN, evidence="the emulator crashed"),
        Verdict(check="size", answer=Answer.WARN, evidence="too large"),
    )
    folder = before_its_end(
        copied("checked", tmp_path / "run"),
        journal.LaneChecked(
            at=1795451541.0, target="redis", platform="linux/arm64", verdicts=verdicts
        ),
        journal.Note(at=1795451541.0, text="the disk is nearly full"),
    )
    report = read_report(folder)
    limits = {limit.kind: limit for limit in report.limits}
    assert limits["unknown"].text == "machine: the emulator crashed"
    assert limits["unknown"].lanes == ("redis linux/arm64",)
    assert limits["warning"].text == "size: too large"
    assert limits["note"].text == "the disk is nearly full"
    assert [failure.checks for failure in report.failures] == [
        ("machine is unknown: the emulator crashed",)
    ]


def test_a_clipped_log_is_reported(tmp_path: Path) -> None:
    folder = copied("failed", tmp_path / "run")
    assert "clipped log" not in kinds(read_report(folder))
    stream = folder.path / "kafka.rawjson"
    # The output of the step, `this is why`, in Base64.
    text = stream.read_text().replace("dGhpcyBpcyB3aHkK", "W291dHB1dCBjbGlwcGVkLCB4XQo=")
    stream.write_text(text)
    [limit] = [limit for limit in read_report(folder).limits if limit.kind == "clipped log"]
    assert limit.lanes == ("kafka linux/arm64",)


def test_an_interrupted_run_is_reported_as_interrupted(tmp_path: Path) -> None:
    folder = copied("checked", tmp_path / "run")
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines[:5]))
    report = read_report(folder)
    assert report.run.outcome == "interrupted"
    assert kinds(report)[0] == "interrupted"
    assert report.run.seconds < 60


def test_a_live_run_is_reported_as_running(tmp_path: Path) -> None:
    folder = copied("checked", tmp_path / "run")
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines[:-1]))
    held = folder.lock()
    try:
        report = read_report(folder)
    finally:
        import os

        os.close(held)
    assert report.run.outcome == "running"
    assert kinds(report)[0] == "running"


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"config": 1, "probe": []}', "\xff", "[" * 9999]
)
def test_damaged_evidence_and_plans_are_ignored(damage: str, tmp_path: Path) -> None:
    folder = copied("checked", tmp_path / "run")
    for file in (*folder.path.glob("checks/*"), folder.bake_file):
        file.write_text(damage, encoding="latin-1")
    report = read_report(folder)
    assert report.run.outcome == "passed"
    assert {lane.architecture.machine for lane in report.lanes} == {""}
    assert report.environment.arguments == {}
