"""The JSON report matches the bundled schema, and the schema matches the model."""

from __future__ import annotations

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from openhqm_tui.report.formats.json import as_json, made_schema, shipped_schema
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import SCHEMA, Report
from tests.recordings import NAMES, recording

VALIDATOR = Draft202012Validator(json.loads(shipped_schema()))


def test_the_bundled_schema_matches_the_model() -> None:
    assert shipped_schema() == made_schema(), (
        "the model has changed: run `python -m tests.report` to write the schema; raise SCHEMA "
        "if a field was removed or changed its meaning"
    )


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(json.loads(shipped_schema()))


@pytest.mark.parametrize("name", NAMES)
def test_reports_of_recorded_runs_match_the_schema(name: str) -> None:
    report = read_report(recording(name))
    document = json.loads(as_json(report))
    VALIDATOR.validate(document)
    assert document["schema"] == SCHEMA
    assert msgspec.json.decode(as_json(report), type=Report) == report


@pytest.mark.parametrize(
    ("field", "value"), [("lanes", None), ("schema", "1"), ("run", {}), ("limits", [1])]
)
def test_an_invalid_report_does_not_match_the_schema(field: str, value: object) -> None:
    document = json.loads(as_json(read_report(recording("checked"))))
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document | {field: value})


def test_the_schema_describes_fields_and_units() -> None:
    definitions = json.loads(shipped_schema())["$defs"]
    for name in ("Report", "Run", "Lane", "Target", "Step", "Sizes", "Case", "Limit", "Failure"):
        assert definitions[name]["description"], name
    assert definitions["Run"]["properties"]["seconds"]["description"] == "seconds"
