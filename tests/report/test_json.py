"""The JSON keeps to the schema that ships, and the schema is that of the model."""

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


def test_what_ships_is_the_models() -> None:
    assert shipped_schema() == made_schema(), (
        "the model has changed: `python -m tests.report` writes the schema anew; raise SCHEMA "
        "where a field is gone or means something else"
    )


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(shipped_schema()))


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_run_keeps_to_it(name: str) -> None:
    report = read_report(recording(name))
    told = json.loads(as_json(report))
    VALIDATOR.validate(told)
    assert told["schema"] == SCHEMA
    assert msgspec.json.decode(as_json(report), type=Report) == report


@pytest.mark.parametrize(
    ("field", "value"), [("lanes", None), ("schema", "1"), ("run", {}), ("limits", [1])]
)
def test_what_doesnt_is_found(field: str, value: object) -> None:
    told = json.loads(as_json(read_report(recording("checked"))))
    with pytest.raises(ValidationError):
        VALIDATOR.validate(told | {field: value})


def test_what_every_figure_is_in_is_told() -> None:
    told = json.loads(shipped_schema())["$defs"]
    for name in ("Report", "Run", "Lane", "Target", "Step", "Sizes", "Case", "Limit", "Failure"):
        assert told[name]["description"], name
    assert told["Run"]["properties"]["seconds"]["description"] == "seconds"
