"""Other keys for commands, from the settings: checked before the console opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.tui.command_table import every_command, works_beside
from openhqm_tui.tui.commands.registry import Command

_NAMED = {key.value for key in Keys} | set(KEY_NAME_REPLACEMENTS.values())
_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


def checked_keymap(keymap: Mapping[str, str]) -> dict[str, str]:
    """Return the keymap as it was told: command ids to keys, several with commas.

    Raises UsageProblem for an unknown command, an unknown key, and a key that would mean two
    things in one place.
    """
    known = {command.id: command for command in every_command()}
    for id, keys in keymap.items():
        if id not in known:
            guess = nearest(id, known)
            raise UsageProblem(
                f"keymap: unknown command '{id}'",
                fix=f"did you mean {guess}?" if guess else "`?` in the console lists all",
                valid=" ".join(_near(id, known)),
            )
        for key in _split(keys):
            if not _is_key(key):
                raise UsageProblem(
                    f"keymap: {id} = '{keys}': '{key}' is not a key",
                    fix="write it as in: ctrl+a f5 space slash shift+up g",
                )
    for command in known.values():
        for key in _keys_of(command, keymap):
            for other in works_beside(command):
                if other.id in keymap or command.id in keymap:
                    _refuse_clash(command, other, key, keymap)
    return {id: ",".join(_split(keys)) for id, keys in keymap.items()}


def _refuse_clash(command: Command, other: Command, key: str, keymap: Mapping[str, str]) -> None:
    if key in _keys_of(other, keymap):
        told, there = (command, other) if command.id in keymap else (other, command)
        raise UsageProblem(
            f"keymap: {told.id} = '{key}': this key is already used by {there.id} ({there.title})",
            fix=f"choose another key, or change {there.id} as well",
        )


def _near(id: str, known: Iterable[str]) -> list[str]:
    """Return the commands of the same place, or all if there is no such place."""
    prefix = id.partition(".")[0] + "."
    return [one for one in known if one.startswith(prefix)] or list(known)


def _keys_of(command: Command, keymap: Mapping[str, str]) -> list[str]:
    return _split(keymap.get(command.id, command.keys))


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",") if key.strip()]


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return False
    return len(last) == 1 or key in _NAMED or last in _NAMED or key_to_character(last) is not None
