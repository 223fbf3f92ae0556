"""The tables in the variants guide, generated from the bundled data and the measured run."""

from __future__ import annotations

import re

from openhqm_tui.domain.plan.bake import Choices, make_plan
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.report.formats.markdown import table
from openhqm_tui.run.start.source import source_for
from openhqm_tui.store.checks_files import our_variants
from tests.guides.places import TOP

_ROW = re.compile(
    r"\| `(\w+)` \| `linux/(\w+)` \| ([\d.]+) MB \| (\d+) % \| .* \| ([\d.]+) MB \|", re.M
)
_PLACE = re.compile(r"(<!-- begin generated: (\w+) -->\n).*?(<!-- end generated -->)", re.S)


def filled(page: str, results: str) -> str:
    """Return the guide with its tables regenerated; raises ValueError if a run is incomplete."""
    made = {"contents": contents(), "tags": tags(), "sizes": sizes(results)}
    return _PLACE.sub(lambda found: "\n".join([found[1], *made[found[2]], "", found[3]]), page)


def contents() -> list[str]:
    """Return a table of the variants with their clients."""
    rows = []
    for variant in our_variants():
        clients = ", ".join(f"`{client.distribution}`" for client in variant.clients) or "none"
        every = len(variant.clients) > 1
        rows.append((f"`{variant.name}`", variant.title, "all of them" if every else clients))
    return table(("variant", "description", "client"), rows)


def tags() -> list[str]:
    """Return the tags of each variant, computed by the plan."""
    rows = []
    for variant in our_variants():
        choices = Choices(
            variants=(variant,),
            platforms=parse_platforms("linux/amd64,linux/arm64"),
            name="name",
            tag="TAG",
        )
        made = make_plan(source_for(TOP), choices).targets[0].tags
        # A placeholder in capitals can't be mistaken for a name.
        shown = [f"`{tag.replace('name:', 'NAME:', 1)}`" for tag in made]
        rows.append((f"`{variant.name}`", " ".join(shown)))
    return table(("variant", "tags"), rows)


def sizes(results: str) -> list[str]:
    """Return the sizes for both platforms, read from the page of results."""
    found: dict[str, dict[str, tuple[str, str, str]]] = {}
    for name, arch, packed, part, unpacked in _ROW.findall(results):
        found.setdefault(name, {})[arch] = (packed, part, unpacked)
    names = [variant.name for variant in our_variants()]
    if sorted(found) != sorted(names) or any(len(each) != 2 for each in found.values()):
        raise ValueError("the results don't have the sizes of all variants on both platforms")
    rows = []
    for name in names:
        amd, arm = found[name]["amd64"], found[name]["arm64"]
        rows.append((f"`{name}`", amd[0], arm[0], f"{amd[1]} %", amd[2], arm[2]))
    head = ("variant", "amd64, compressed MB", "arm64", "of `all`", "amd64, on disk MB", "arm64")
    return table(head, rows, numbers=5)
