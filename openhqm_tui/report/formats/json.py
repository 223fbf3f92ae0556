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
    """Return the JSON Schema of the model as it is; what ships must be this."""
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:openhqm-tui:report:{SCHEMA}",
        "title": f"A report of openhqm-tui, schema {SCHEMA}",
        **_described_alike(msgspec.json.schema(Report)),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _described_alike(schema: dict[str, Any]) -> dict[str, Any]:
    """Take the source's indentation out of the descriptions: Python 3.13 and later have none."""
    bodies = (schema, *schema.get("$defs", {}).values())
    for body in bodies:
        if "description" in body:
            body["description"] = inspect.cleandoc(body["description"])
    return schema


FORMAT = Format("json", suffix="json", help="documented by a schema", write=as_json)
