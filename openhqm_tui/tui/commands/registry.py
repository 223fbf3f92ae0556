"""One command, and its keys in people's words."""

from __future__ import annotations

from typing import NamedTuple

from textual.keys import format_key


class Command(NamedTuple):
    """One thing a person can ask for, in one place of the console.

    `where` is the place or the widget that carries it out, `action` the Textual action there;
    `id` is what a keymap names it by. `footer` says whether the footer has room for it, `acts`
    whether anything but the console's own view is other afterwards: who only watches can't.
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
    """Return keys as a person reads them: `q, Ctrl+q`."""
    words = []
    for key in filter(None, keys.split(",")):
        if key.startswith("ctrl+"):
            words.append(f"Ctrl+{key.removeprefix('ctrl+')}")
        else:
            words.append(_KEY_NAMES.get(key) or format_key(key))
    return ", ".join(words)
