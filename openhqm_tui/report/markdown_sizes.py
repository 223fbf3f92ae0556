"""The chapter of sizes in Markdown: variants, platforms, layers, what a push transfers."""

from __future__ import annotations

from collections.abc import Iterator

from openhqm_tui.report.grouping import different_layers, image_by_image
from openhqm_tui.report.markdown_text import code, folded, table
from openhqm_tui.report.model import Report
from openhqm_tui.report.rows import PAIR_HEAD, pair_rows, size_cells
from openhqm_tui.report.words import NOT_MEASURED, megabytes


def sizes(report: Report) -> Iterator[str]:
    """Yield what the images weigh, each and together."""
    yield from (push_sentence(report), "")
    if report.sizes.total_bytes is None:
        return
    rows = [(code(lane.target), code(lane.platform), *size_cells(lane)) for lane in report.lanes]
    yield "Of the compressed size: in layers that all images on its platform have, some, or none:"
    yield ""
    head = (
        "target",
        "platform",
        "compressed",
        "against `all`",
        "all",
        "some",
        "none",
        "on disk",
    )
    yield from (*table(head, rows, numbers=6), "")
    if report.sizes.platforms:
        yield from ("### One platform against the other", "")
        yield from (*table(PAIR_HEAD, pair_rows(report, code, code), numbers=3), "")
    layers = different_layers(report)
    if layers:
        yield from ("### Layer by layer", "")
        yield from folded(f"{len(layers)} different layers", _layers(report))


def push_sentence(report: Report) -> str:
    """Return what a push of everything transfers, in a sentence."""
    told = report.sizes
    if told.total_bytes is None:
        return f"Sizes: {NOT_MEASURED}; no image was seen."
    total = megabytes(told.total_bytes)
    if told.unique_bytes is None:
        return f"All images together: {total} compressed; what a push transfers: {NOT_MEASURED}."
    return (
        f"A push of everything to an empty registry transfers **{megabytes(told.unique_bytes)}** "
        f"in {told.layers} different layers.{image_by_image(report)}"
    )


def _layers(report: Report) -> list[str]:
    rows = []
    for layer, lanes in different_layers(report):
        targets = dict.fromkeys(lane.target for lane in lanes)
        platforms = dict.fromkeys(lane.platform for lane in lanes)
        rows.append(
            (
                code(layer.digest.removeprefix("sha256:"), 13),
                code(layer.created_by, 80),
                f"{', '.join(map(code, targets))} on {', '.join(map(code, platforms))}",
                str(len(lanes)),
                megabytes(layer.bytes),
            )
        )
    return table(("layer", "made by", "in", "images", "compressed"), rows, numbers=2)
