"""The architecture page: every file, name and command in it exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

TOP = Path(__file__).parents[1]
PAGE = (TOP / "assets/guides/architecture.md").read_text(encoding="utf-8")
PACKAGE = TOP / "openhqm_tui"
# Files of a run folder, and placeholders for a name.
NOT_HERE = re.compile(
    r"TARGET|NAME|\.jsonl?$|^requirements-queue-nats\.txt$|workdir|^snapshot_report"
)
PATHS = re.compile(r"^(?:[\w.*-]+/)*[\w.*-]+\.(?:py|toml|md|hcl|txt|tcss|json|html)$|^[\w/-]+/$")
NAMES = re.compile(r"`(_[A-Z]+|[A-Z]{4,}|[A-Z]\w+[a-z]|[a-z]+_[a-z_]+)`")


def named_paths() -> list[str]:
    """Return every quoted path; a bare file name gets the folder of the previous path."""
    paths, folder = [], ""
    for line in PAGE.splitlines():
        for quoted in re.findall(r"`([^`]+)`", line):
            if (
                not PATHS.match(quoted)
                or "NAME" in quoted
                or NOT_HERE.search(quoted.rsplit("/", 1)[-1])
            ):
                continue
            if "/" in quoted:
                folder = quoted.rpartition("/")[0]
            paths.append(quoted if "/" in quoted or not folder else f"{folder}/{quoted}")
    return paths


def test_every_named_path_exists() -> None:
    paths = set(named_paths())
    assert len(paths) > 60
    missing = []
    for place in sorted(paths):
        last = place.rpartition("/")[2]
        near = (TOP / place, PACKAGE / place, TOP / last, TOP / "assets/context" / last)
        spread = [*TOP.glob(place), *PACKAGE.glob(place)] if "*" in place else []
        if not spread and not any(one.exists() for one in near):
            missing.append(place)
    assert missing == []


def test_every_name_is_in_the_code() -> None:
    files = [*PACKAGE.rglob("*.py"), *(TOP / "tests").rglob("*.py")]
    words = {file.stem for file in files}
    for file in files:
        if file != Path(__file__):
            words.update(re.findall(r"\w+", file.read_text("utf-8")))
    names = set(NAMES.findall(PAGE)) - {"NAME", "TARGET"}
    assert len(names) > 20
    assert names <= words, sorted(names - words)


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_commands_name_existing_targets_and_tests() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.M))
    seen = 0
    for words in commands():
        if words[0] == "make":
            assert words[1] in targets, words
            seen += 1
        for word in words:
            if word.startswith("tests"):
                assert (TOP / word).exists(), words
                seen += 1
    assert seen > 12


def test_the_layer_diagram_lists_every_folder() -> None:
    drawn = set(re.findall(r"\b([a-z]+)/", PAGE.partition("## Layers")[2].partition("| path")[0]))
    folders = {
        p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name not in {"__pycache__", "bundled"}
    }
    assert folders <= drawn
