"""The line under the lanes: which of them are visible, and what a click can change about it."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.tui.run.lane_grid import LanePanes

Part = tuple[str, str]


def page_words(
    page: int, pages: int, *, lanes: int, zoomed: bool, busiest_first: bool, own: bool
) -> tuple[str, list[Part]]:
    """Return which lanes are visible, and words with the action that each stands for."""
    parts: list[Part] = []
    where = f"{'pane' if zoomed else 'page'} {page + 1}/{pages}"
    if pages > 1:
        parts += [("[ Previous", "page(-1)"), ("] Next", "page(1)")]
    elif not zoomed:
        where = count_text(lanes, "image")
    if zoomed:
        parts.append(("z All panes", "zoom"))
    parts.append(("s Steps", "steps"))
    parts += [("L Image log" if own else "L Build setup log", "own_log"), ("p Pager", "page_log")]
    if pages > 1 and not zoomed:
        parts.append(("o Plan order" if busiest_first else "o Busiest first", "order"))
    return where, parts


class PagesLine(Static):
    """Words of which some can be clicked; those that there is no room for are left out."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    PagesLine {
        height: 1;
        width: 1fr;
        padding: 0 1;
        background: $surface;
        color: $foreground;
        text-wrap: nowrap;
        link-style: none;
        link-color: $foreground;
        link-background: $panel;
        link-style-hover: bold;
        link-background-hover: $block-hover-background;
        link-color-hover: $foreground;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._where = ""
        self._parts: list[Part] = []

    def show_panes(self, panes: LanePanes, *, own: bool) -> None:
        """Show which lanes are visible; `own` says whether a target's own log is."""
        where, parts = page_words(
            panes.page,
            panes.pages,
            lanes=len(panes.panes),
            zoomed=panes.zoomed is not None,
            busiest_first=panes.busiest_first,
            own=own,
        )
        self.show(where, parts)

    def show(self, where: str, parts: list[Part]) -> None:
        """Show where one is, and words each with the screen's action that a click carries out."""
        if (where, parts) != (self._where, self._parts):
            self._where, self._parts = where, parts
            self._draw()

    def on_resize(self) -> None:
        """Leave out what there is no room for now."""
        self._draw()

    def _draw(self) -> None:
        line = Content.styled(self._where, "bold")
        for words, action in self._parts:
            click = Style.from_meta({"@click": f"screen.{action}"})
            longer = Content.assemble(line, " " if line else "", (f" {words} ", click))
            if longer.cell_length > self.size.width:
                break
            line = longer
        self.update(line, layout=False)
