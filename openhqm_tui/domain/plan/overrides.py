"""What flags change in the targets of a definition, as `docker buildx bake --set` does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.outputs import is_image, read_output

_SET = re.compile(
    r"(?P<target>[^.=]+)\.(?P<key>[^.=+]+)(?P<name>\.[^=]+?)?(?P<append>\+?)(=.*)?", re.S
)
_STDOUT = "-"
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
    def flags(self) -> tuple[str, ...]:
        """The flags to print a definition with; outputs that are files are only marked."""
        return tuple(_marked(word, index) for index, word in enumerate(self.words))

    def applied(self, bodies: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return what Buildx printed for `flags` with the marked outputs and the attributes."""
        return {name: {**self._unmarked(body), **self.attributes} for name, body in bodies.items()}

    def _unmarked(self, body: dict[str, Any]) -> dict[str, Any]:
        if "output" not in body:
            return body
        return {**body, "output": [self._output(entry) for entry in body["output"]]}

    def _output(self, entry: Any) -> Any:
        dest = read_output(entry).get("dest", "")
        if not dest.startswith(_MARK):
            return entry
        return read_output(_value(self.words[int(dest.removeprefix(_MARK))]))


NO_OVERRIDES = Overrides()


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


def _marked(word: str, index: int) -> str:
    found = _SET.fullmatch(word.removeprefix("--set="))
    if not word.startswith("--set=") or not found or found["key"] != "output":
        return word
    output = read_output(_value(word))
    if is_image(output) or output.get("type") not in {"tar", "oci", "docker"}:
        return word
    return f"--set={found['target']}.output{found['append']}=type=local,dest={_MARK}{index}"


def _value(word: str) -> str:
    return word.removeprefix("--set=").partition("=")[2]
