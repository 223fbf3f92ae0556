"""The report as JSON, and the JSON Schema that documents it."""

from __future__ import annotations

import inspect
from importlib.resources import files
from typing import Any

import msgspec

from openhqm_tui.report.catalog import Format
from openhqm_tui.report.model import SCHEMA, Report

SCHEMA_FILE = "report.schema.json"


def as_json(report: Report) -> str:
    """Return the report as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def shipped_schema() -> bytes:
    """Return the JSON Schema that ships with the package."""
    return (files("openhqm_tui.report.formats") / SCHEMA_FILE).read_bytes()


def made_schema() -> bytes:
    """Return the JSON Schema of the model; the shipped file must match it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:openhqm-tui:report:{SCHEMA}",
        "title": f"openhqm-tui report, schema {SCHEMA}",
        **_described_alike(msgspec.json.schema(Report)),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def _described_alike(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove indentation from descriptions, which Python 3.13 and later do themselves."""
    bodies = (schema, *schema.get("$defs", {}).values())
    for body in bodies:
        if "description" in body:
            body["description"] = inspect.cleandoc(body["description"])
    return schema


FORMAT = Format(
    "json", suffix="json", help="one JSON object, described by a JSON Schema", write=as_json
)
