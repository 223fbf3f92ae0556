"""What a headless command said, lane by lane: between lanes no order is promised."""

from __future__ import annotations

import json
import re
from collections import defaultdict


def by_lane(form: str, out: str) -> dict[str, list[str]]:
    """Return what was said of each lane, in its order, and what is of no lane under ''."""
    said = defaultdict(list)
    # What ends GitHub's silence can't be guessed: a new word each time.
    for line in re.sub(r"::(stop-commands::)?[0-9a-f]{32}(::)?\n", "", out).splitlines():
        if form == "json":
            record = json.loads(line)
            said[f"{record.get('target', '')} {record.get('platform', '')}"].append(line)
        elif form == "github" and line.startswith("::group::"):
            lane = line
            said[lane].append(line)
        elif form == "github" and " | " not in line and not line.startswith("::"):
            said["in groups and at the end"].append(line)
        else:
            lane, bar, _ = line.partition(" | ")
            said[lane if bar else ""].append(line)
    said["in groups and at the end"].sort()
    return dict(said)
