"""The output of a headless command by lane, because the order between lanes is undefined."""

from __future__ import annotations

import json
import re
from collections import defaultdict


def by_lane(form: str, out: str) -> dict[str, list[str]]:
    """Return the output lines of each lane in order, and those without a lane under ''."""
    lines = defaultdict(list)
    # The token that ends GitHub's stop-commands is random each time.
    for line in re.sub(r"::(stop-commands::)?[0-9a-f]{32}(::)?\n", "", out).splitlines():
        if form == "json":
            record = json.loads(line)
            lines[f"{record.get('target', '')} {record.get('platform', '')}"].append(line)
        elif form == "github" and line.startswith("::group::"):
            lane = line
            lines[lane].append(line)
        elif form == "github" and " | " not in line and not line.startswith("::"):
            lines["in groups and at the end"].append(line)
        else:
            lane, bar, _ = line.partition(" | ")
            lines[lane if bar else ""].append(line)
    lines["in groups and at the end"].sort()
    return dict(lines)
