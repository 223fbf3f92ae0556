"""What flags change in the targets of a definition, as `docker buildx bake --set` does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.outputs import is_image, read_output
from openhqm_tui.domain.plan.permissions import SSH, Permission, needed

_SET = re.compile(
    r"(?P<target>[^.=]+)\.(?P<key>[^.=+]+)(?P<name>\.[^=]+?)?(?P<append>\+?)(=.*)?", re.S
)
_STDOUT = "-"
# The keys of `--set` that imply permissions, and the attributes that they set.
_GRANTING = {
    "secrets": "secret",
    **{key: key for key in ("ssh", "entitlements", "cache-from", "cache-to", "output")},
}
# Stands for an output that is a file: Buildx would open the file even if it only prints.
_MARK = "_openhqm-output-"


class Overrides(msgspec.Struct, frozen=True):
    """The changes that flags request.

    `words` are flags of `docker buildx bake`, which Buildx applies. `attributes` are set in every
    target: Buildx 0.29 ignores them in `--set`.
    """

    words: tuple[str, ...] = ()
    attributes: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return bool(self.words or self.attributes)

    @property
    def pulls(self) -> bool:
        """Whether every image is looked up in its registry."""
        return "--pull" in self.words

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags to print a definition with; outputs that are files are only marked."""
        return tuple(_marked(word, index) for index, word in enumerate(self.words))

    def applied(self, bodies: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return what Buildx printed for `flags` with the marked outputs and the attributes."""
        outputs = {
            f"{_MARK}{index}": read_output(_value(word))
            for index, word in enumerate(self.words)
            if _opens_file(word)
        }
        changed = {}
        for name, body in bodies.items():
            changed[name] = {**body, **self.attributes}
            if outputs and (entries := body.get("output")):
                # A definition isn't trusted: it may have a mark without any flag.
                changed[name]["output"] = [
                    outputs.get(read_output(entry).get("dest", ""), entry) for entry in entries
                ]
        return changed

    def appended_outputs(self, target: str) -> list[dict[str, str]]:
        """Return the outputs that `--set TARGET.output+=…` adds to those of a target."""
        found = map(_set_in, self.words)
        return [
            read_output(_value(word))
            for word, one in zip(self.words, found, strict=True)
            if one
            and one["key"] == "output"
            and one["append"]
            and matches_pattern(target, one["target"])
        ]

    def sets(self, target: str, key: str) -> bool:
        """Return whether a `--set` sets this attribute of a target, or adds to it."""
        found = filter(None, map(_set_in, self.words))
        return any(one["key"] == key and matches_pattern(target, one["target"]) for one in found)


NO_OVERRIDES = Overrides()


def matches_pattern(name: str, pattern: str) -> bool:
    """Return whether a name is one that Buildx finds for a pattern (matchNames of bake/bake.go)."""
    return fnmatchcase(name, pattern.replace("[^", "[!"))


def check_overrides(words: Iterable[str]) -> None:
    """Raise UsageProblem for the first `--set` that isn't TARGET.KEY=VALUE."""
    for word in words:
        if not word.startswith("--set="):
            continue
        text = word.removeprefix("--set=")
        found = _SET.fullmatch(text)
        # An argument without a value is taken from the environment.
        is_argument = found and found["key"] == "args" and found["name"]
        if not found or ("=" not in text and not is_argument):
            raise UsageProblem(
                f"--set {text}: not a valid override",
                fix="write TARGET.KEY=VALUE, as in app.args.A=1",
            )
        if found["key"] == "output" and read_output(_value(word)).get("dest") == _STDOUT:
            raise UsageProblem(
                "an output can't be written to standard output, which shows the run",
                fix="name a file, as in type=tar,dest=out.tar",
            )


def granted_by(words: Iterable[str]) -> frozenset[Permission]:
    """Return the permissions that `--set` implies: those that bake doesn't ask for, then.

    As in Buildx 0.29.1, which asks again for the parent of an output that doesn't exist yet.
    """
    body: dict[str, list[str]] = {}
    for word in words:
        found = _set_in(word)
        if found and (key := _GRANTING.get(found["key"])):
            body.setdefault(key, []).append(_value(word))
    return needed(body) - {Permission(SSH)}


def _opens_file(word: str) -> bool:
    found = _set_in(word)
    if not found or found["key"] != "output":
        return False
    output = read_output(_value(word))
    return not is_image(output) and output.get("type") in {"tar", "oci", "docker"}


def _marked(word: str, index: int) -> str:
    if not _opens_file(word):
        return word
    key = word.removeprefix("--set=").partition("=")[0]
    return f"--set={key}=type=local,dest={_MARK}{index}"


def _set_in(word: str) -> re.Match[str] | None:
    return _SET.fullmatch(word.removeprefix("--set=")) if word.startswith("--set=") else None


def _value(word: str) -> str:
    return word.removeprefix("--set=").partition("=")[2]
