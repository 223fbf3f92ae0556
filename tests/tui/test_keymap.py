"""Keys and themes from the settings: invalid ones are reported before anything opens."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.tui.command_table import checked_keymap, every_command, works_beside
from openhqm_tui.tui.core.theme import THEMES, theme_called


@pytest.mark.parametrize(
    ("keymap", "words"),
    [
        ({"plan.al": "x"}, "unknown command 'plan.al': did you mean plan.all?"),
        ({"nonsense": "x"}, "unknown command 'nonsense'"),
        ({"plan.all": "frob"}, "'frob' in plan.all = 'frob' is not a key"),
        ({"plan.all": "ctr+a"}, "'ctr+a' in plan.all = 'ctr+a' is not a key"),
        ({"plan.all": "b"}, "the key 'b' of plan.all is already used by plan.build (Build)"),
        ({"plan.all": "q"}, "the key 'q' of plan.all is already used by quit"),
        ({"quit": "b"}, "the key 'b' of quit is already used by plan.build"),
        ({"matrix.row": "b"}, "the key 'b' of matrix.row is already used by plan.build"),
        ({"plan.all": "ctrl+y", "plan.none": "ctrl+y"}, "is already used by plan.none"),
    ],
)
def test_invalid_keymaps_are_one_line(keymap, words):
    with pytest.raises(UsageProblem) as caught:
        checked_keymap(keymap)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "keymap",
    [
        {},
        {"plan.all": "ctrl+y"},
        {"plan.all": "b", "plan.build": "ctrl+y"},
        {"go.run": "f2, f3"},
        {"table.down": "n"},
        {"plan.all": "full_stop", "plan.none": "minus"},
    ],
)
def test_valid_keymaps_are_accepted(keymap):
    assert checked_keymap(keymap) == {k: v.replace(" ", "") for k, v in keymap.items()}


def test_default_keys_are_unambiguous():
    # Keys to leave, open and copy apply to the focused widget.
    clashes = [
        (command.id, other.id, key)
        for command in every_command()
        for other in works_beside(command)
        for key in {*command.keys.split(",")} & {*other.keys.split(",")}
        if key not in {"", "escape", "enter", "y"}
    ]
    assert clashes == []


def test_themes_have_short_names():
    for name in ("dark", "light", "contrast", "terminal"):
        assert theme_called(name) == f"openhqm-{name}"
    assert theme_called("nord") == "nord"
    assert theme_called(THEMES[2].name) == THEMES[2].name
    with pytest.raises(UsageProblem, match="did you mean light"):
        theme_called("lite")


def test_the_settings_in_the_readme_are_valid():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    settings = tomllib.loads(readme.split("```toml\n")[1].split("```")[0])
    assert set(settings) == {"theme", "keymap"}
    assert theme_called(settings["theme"])
    assert checked_keymap(settings["keymap"])
