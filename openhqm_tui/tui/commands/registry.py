"""One command, and the display form of its keys."""

from __future__ import annotations

from typing import NamedTuple

from textual.keys import format_key


class Command(NamedTuple):
    """A command of one screen or widget.

    `where` is the screen or widget that executes it, `action` its Textual action there, `id` its
    name in keymaps. `footer` says whether the footer shows it, `acts` whether it changes anything
    beyond the view: a read-only console refuses those.
    """

    where: str
    id: str
    keys: str
    title: str
    help: str
    action: str
    footer: bool = False
    acts: bool = False


_KEY_NAMES = {
    "question_mark": "?",
    "comma": ",",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "home": "Home",
    "end": "End",
    "f1": "F1",
    "shift+up": "Shift+↑",
    "shift+down": "Shift+↓",
}


def key_words(keys: str) -> str:
    """Return the display form of keys: `q, Ctrl+q`."""
    words = []
    for key in filter(None, keys.split(",")):
        if key.startswith("ctrl+"):
            words.append(f"Ctrl+{key.removeprefix('ctrl+')}")
        else:
            words.append(_KEY_NAMES.get(key) or format_key(key))
    return ", ".join(words)
