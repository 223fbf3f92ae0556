"""`python -m tests.report` writes the JSON Schema anew that ships, after a change of the model."""

from __future__ import annotations

from pathlib import Path

from openhqm_tui.report import as_json

FILE = Path(as_json.__file__).parent / as_json.SCHEMA_FILE

if __name__ == "__main__":
    FILE.write_bytes(as_json.made_schema())
