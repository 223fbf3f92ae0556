"""What the images of a run weigh: against each other, and together."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.layer_shares import by_digest, holders, in_every, unique_bytes
from openhqm_tui.domain.state import LaneState, RunState
from openhqm_tui.report import model


class Shares:
    """Who has which layers: `held` has in how many lanes each is, by its digest."""

    def __init__(self, state: RunState) -> None:
        known = [lane for lane in state.lanes if lane.layers]
        self.held = holders([lane.layers for lane in known])
        platforms = {lane.platform for lane in known}
        self._common = {
            platform: in_every([lane.layers for lane in known if lane.platform == platform])
            for platform in platforms
        }

    def common_bytes(self, lane: LaneState) -> int:
        """Return the compressed bytes in layers that every lane on a lane's platform has."""
        common = self._common[lane.platform]
        sizes = by_digest(lane.layers)
        return sum(size for digest, size in sizes.items() if digest in common)


def against_all(lanes: list[model.Lane]) -> list[model.Lane]:
    """Return the lanes with their size as a part of that of the target `all`."""
    whole = {lane.platform: lane.bytes for lane in lanes if lane.variant == "all"}
    return [
        msgspec.structs.replace(lane, against_all=lane.bytes / size)
        if lane.bytes is not None and (size := whole.get(lane.platform))
        else lane
        for lane in lanes
    ]


def sizes_of(state: RunState, lanes: list[model.Lane]) -> model.Sizes:
    """Return what the images weigh together."""
    sizes = [lane.bytes for lane in lanes if lane.bytes is not None]
    images = [lane.layers for lane in state.lanes if lane.content_size]
    unique = None
    if images and all(images):
        # Its manifest and its config are each image's own.
        rest = [
            lane.content_size - sum(by_digest(lane.layers).values())
            for lane in state.lanes
            if lane.content_size
        ]
        unique = unique_bytes(images) + sum(max(0, size) for size in rest)
    platforms = list(dict.fromkeys(lane.platform for lane in lanes))
    by_key = {(lane.target, lane.platform): lane.bytes for lane in lanes if lane.bytes}
    return model.Sizes(
        total_bytes=sum(sizes) if sizes else None,
        unique_bytes=unique,
        layers=len(by_digest([layer for layers in images for layer in layers])) if unique else None,
        platforms=tuple(
            model.Comparison(
                target=name,
                first=platforms[0],
                second=other,
                first_bytes=first,
                second_bytes=second,
                ratio=second / first,
            )
            for name in state.targets
            for other in platforms[1:]
            if (first := by_key.get((name, platforms[0]))) and (second := by_key.get((name, other)))
        ),
    )
