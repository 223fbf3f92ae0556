"""A box to tick, on one line: told by its sign, not by its colour."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Toggle(Checkbox):
    """`[x] words` or `[ ] words`; Space, Enter and a click tick it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Toggle {
        border: none; padding: 0; height: 1; width: auto; background: transparent;
        &:focus { background: $block-cursor-background; border: none; }
        & > .toggle--label { padding: 0; }
        &:focus > .toggle--label { background: transparent; text-style: none; }
    }
    """

    @property
    def _button(self) -> Content:
        return Content.styled("[x]" if self.value else "[ ]", "$primary bold" if self.value else "")
