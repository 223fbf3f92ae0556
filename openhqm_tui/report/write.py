"""Reports written to files."""

from __future__ import annotations

from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.gather import read_report
from openhqm_tui.store.run_folder import RunFolder


def write_text(file: Path, text: str, fix: str) -> None:
    """Write a report to a file; raises UsageProblem, with the `fix`, where it can't be."""
    try:
        file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageProblem(f"can't write {file} ({why})", fix=fix) from error


def write_report(run: RunFolder, folder: Path, form: str = "html") -> Path:
    """Write a run's report into `folder` and return the file; raises Problem where it can't be."""
    # Not its id: that is a stranger's word where the run came from elsewhere.
    file = folder / f"openhqm-report-{run.path.name}.{formats()[form].suffix}"
    text = rendered(read_report(run), form)
    write_text(file, text, "start the console in a folder that can be written to")
    return file
