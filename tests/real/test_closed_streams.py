"""A build with closed standard streams keeps its lock and is followed to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

DEFINITION = """
target "app" {
  dockerfile-inline = "FROM scratch\\nCOPY docker-bake.hcl /\\n"
  platforms = ["linux/amd64"]
  tags = ["openhqm-tui-tests/closed-streams:app"]
}
"""


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_build_with_closed_streams_is_followed_to_its_end(
    tmp_path: Path, own_home: Path, streams: str, remove_images
) -> None:
    remove_images("openhqm-tui-tests/closed-streams")
    (tmp_path / "docker-bake.hcl").write_text(DEFINITION)
    words = (sys.executable, "-m", "openhqm_tui", "build", "app", "--no-check", "--format", "json")
    command = ("sh", "-c", f'exec "$@" {streams}', "sh", *words)
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    (run,) = (own_home / "state" / "runs").iterdir()
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events].count("run-started") == 1
    assert events[-1]["event"] == "run-ended"
