"""The bundled guides."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.guides import Leads, link_to, links, title_of
from openhqm_tui.store.paths import bundled

INDEX = "README"
_SUFFIX = ".md"


class Guide(NamedTuple):
    """A guide: its name in commands and links, its title, its file."""

    name: str
    title: str
    file: Path

    def read(self) -> str:
        """Return its Markdown; raises OSError and UnicodeDecodeError."""
        return self.file.read_text(encoding="utf-8")

    def text(self) -> str:
        """Return its Markdown; raises UsageProblem."""
        try:
            return self.read()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageProblem(f"{self.file} can't be read ({_why(error)})") from error


def guides(folder: Path | None = None) -> list[Guide]:
    """Return the guides: the index, those it links to in its order, then the others. Blocks."""
    folder = folder or bundled("guides")
    try:
        texts = {file: file.read_text(encoding="utf-8") for file in folder.glob(f"*{_SUFFIX}")}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"the guides can't be read ({_why(error)})") from error
    index = texts.get(folder / f"{INDEX}{_SUFFIX}", "")
    linked = [
        link.guide for one in links(index) if (link := link_to(one.href)).leads is Leads.GUIDE
    ]
    order = {name: place for place, name in enumerate([INDEX, *linked])}
    found = [Guide(file.stem, title_of(text, file.stem), file) for file, text in texts.items()]
    return sorted(found, key=lambda guide: (order.get(guide.name, len(order)), guide.name))


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def guide_called(name: str, folder: Path | None = None) -> Guide:
    """Return a guide by its name, with or without `.md`; raises UsageProblem."""
    known = {guide.name: guide for guide in guides(folder)}
    short = name.removesuffix(_SUFFIX)
    if short in known:
        return known[short]
    guess = nearest(short, known)
    raise UsageProblem(
        f"unknown guide '{name}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(known),
    )
