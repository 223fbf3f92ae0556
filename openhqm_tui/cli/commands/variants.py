"""`openhqm-tui variants`: what can be built here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from openhqm_tui.domain.text import plain
from openhqm_tui.run.start.source import source_for


def run(parsed: argparse.Namespace) -> int:
    """List the variants, a line each: name, what it is, the clients it carries."""
    source = source_for(
        Path.cwd(), context=parsed.context or "", dockerfile=parsed.dockerfile or ""
    )
    if parsed.format == "json":
        for variant in source.variants:
            sys.stdout.write(msgspec.json.encode(variant).decode() + "\n")
        return 0
    width = max(len(variant.name) for variant in source.variants)
    for variant in source.variants:
        clients = " ".join(client.distribution for client in variant.clients)
        line = f"{variant.name:{width}}  {variant.title}"
        sys.stdout.write(plain(line + (f" ({clients})" if clients else "")) + "\n")
    where = source.dockerfile or source.bake_file
    told = f"from {where} ({source.kind.value}), context {source.context}"
    sys.stderr.write(plain(told) + "\n")
    return 0
