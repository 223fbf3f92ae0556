"""Write the bundled JSON Schema (`python -m tests.report`) after a change of the model."""

from __future__ import annotations

from pathlib import Path

from openhqm_tui.report.formats import json

FILE = Path(json.__file__).parent / json.SCHEMA_FILE

if __name__ == "__main__":
    FILE.write_bytes(json.made_schema())
