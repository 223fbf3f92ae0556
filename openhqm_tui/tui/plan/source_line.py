"""Where the targets on the Plan screen come from, and the groups of a bake definition."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style

from openhqm_tui.domain.plan.bake import SourceKind
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.core.labels import path_words
from openhqm_tui.tui.widgets.links import LinkedText

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source

_MOST_FILES = 3


def source_words(source: Source, folder: Path) -> Content:
    """Return what is built here: which files of `folder`, or that it has none."""
    place = path_words(Path(source.context)) if source.context else ""
    match source.kind:
        case SourceKind.BAKE if source.bake_files or source.bake_file:
            names = [_inside(name, folder) for name in source.bake_files or (source.bake_file,)]
            more = [f"{len(names) - _MOST_FILES} more"] if len(names) > _MOST_FILES else []
            words = " + ".join([*names[:_MOST_FILES], *more])
            return Content.styled(one_line(words), "bold")
        case SourceKind.BAKE:
            name = (_inside(source.dockerfile, folder), "bold")
            return Content.assemble(name, ": one target, named after its folder")
        case SourceKind.CHECKOUT:
            return Content.assemble(("OpenHQM checkout", "bold"), f" {one_line(place)}")
        case SourceKind.BUNDLED if source.example:
            here = one_line(path_words(folder))
            return Content.assemble(
                ("Bundled example (OpenHQM)", "bold"),
                f": nothing to build in {here}",
            )
        case SourceKind.BUNDLED:
            words = f" with the bundled Dockerfile: {one_line(place)}"
            return Content.assemble(("OpenHQM", "bold"), words)


def _inside(name: str, folder: Path) -> str:
    path = PurePath(name)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path_words(Path(name))


class SourceLine(LinkedText):
    """The source, and its groups as links that select their targets."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    SourceLine {
        height: 1; padding: 0 1; color: $text-muted;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def show(self, source: Source | None, folder: Path, selected: Iterable[str]) -> None:
        """Show a source; the group whose targets are selected is marked."""
        if source is None:
            self.update("")
            return
        words = source_words(source, folder)
        chosen = set(selected)
        for index, group in enumerate(source.groups):
            style = Style.from_meta({"@click": f"screen.choose_group({index})"})
            if chosen == {*group.targets}:
                style += Style(bold=True)
            link = (f" {one_line(group.name, 30)} {len(group.targets)} ", style)
            words = Content.assemble(words, " · groups " if not index else " ", link)
        self.update(words)
        self.tooltip = words
