"""Each report format of recorded runs, compared with a snapshot."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied
from tests.report.folders import with_layers


def _as(suffix: str) -> type[SingleFileSnapshotExtension]:
    class Golden(SingleFileSnapshotExtension):
        _write_mode = WriteMode.TEXT
        _file_extension = suffix

    return Golden


def anywhere(folder: RunFolder) -> Report:
    """Return a report without the path of the test's folder."""
    report = read_report(folder)
    command = report.run.command.replace(str(folder.path), "/runs/recorded")
    return msgspec.structs.replace(report, run=msgspec.structs.replace(report.run, command=command))


@pytest.mark.parametrize("form", formats())
@pytest.mark.parametrize("name", ["checked", "bake_fails"])
def test_a_recorded_run(name: str, form: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    folder = with_layers(tmp_path / "run") if name == "checked" else copied(name, tmp_path / "run")
    output = rendered(anywhere(folder), form)
    assert output == snapshot(extension_class=_as(formats()[form].suffix))


@pytest.mark.parametrize("name", ["cold", "failed", "cancelled", "emulated", "warning"])
def test_other_recorded_runs(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    output = rendered(anywhere(copied(name, tmp_path / "run")), "md")
    assert output == snapshot(extension_class=_as("md"))
