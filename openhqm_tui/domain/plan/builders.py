"""A new Buildx builder: from the user's input to the commands that create it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.platforms import Platform, parse_platforms

# Without `docker`: an engine's built-in builder belongs to its context.
DRIVERS = ("docker-container", "kubernetes", "remote")
# Buildx's own grammar.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_LONGEST_NAME = 100


class NewNode(msgspec.Struct, frozen=True):
    """One node: the endpoint of its BuildKit or engine ('': this one), and its platforms."""

    endpoint: str = ""
    platforms: tuple[Platform, ...] = ()


class NewBuilder(msgspec.Struct, frozen=True, kw_only=True):
    """A builder with its nodes; `options` are the driver's, as K=V. `start`: start it."""

    name: str
    driver: str
    nodes: tuple[NewNode, ...]
    options: tuple[str, ...] = ()
    start: bool = True

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the commands that create it, one per node, and the one that starts it."""
        made = [
            (
                *("docker", "buildx", "create"),
                *(("--append",) if index else ()),
                *("--name", self.name, "--driver", self.driver),
                *(word for option in self.options for word in ("--driver-opt", option)),
                *(("--platform", ",".join(map(str, node.platforms))) if node.platforms else ()),
                *((node.endpoint,) if node.endpoint else ()),
            )
            for index, node in enumerate(self.nodes)
        ]
        start = ("docker", "buildx", "inspect", "--bootstrap", self.name)
        return (*made, start) if self.start else tuple(made)


def remove_command(name: str) -> tuple[str, ...]:
    """Return the command that removes a builder."""
    return ("docker", "buildx", "rm", name)


def use_command(name: str) -> tuple[str, ...]:
    """Return the command that selects a builder in Buildx."""
    return ("docker", "buildx", "use", name)


def new_builder(
    name: str,
    driver: str,
    nodes: Iterable[str],
    options: Iterable[str] = (),
    *,
    start: bool = True,
) -> NewBuilder:
    """Parse the user's input; raises UsageProblem for the first error.

    A node is ENDPOINT or PLATFORMS=ENDPOINT; the default is one on the current engine.
    """
    check_builder_name(name)
    if driver not in DRIVERS:
        guess = nearest(driver, DRIVERS)
        raise UsageProblem(
            f"unknown driver '{driver}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid=" ".join(DRIVERS),
        )
    read = tuple(parse_node(word) for word in nodes) or (NewNode(),)
    if driver == "remote" and not all(node.endpoint for node in read):
        raise UsageProblem(
            "a remote builder needs an endpoint",
            fix="give --node tcp://HOST:PORT or --node unix:///PATH",
        )
    _check_apart(read)
    return NewBuilder(
        name=name,
        driver=driver,
        nodes=read,
        options=tuple(_option(word) for word in options),
        start=start,
    )


def check_builder_name(name: str) -> str:
    """Return `name` if it is a valid builder name, else raise UsageProblem."""
    if name == "default":
        raise UsageProblem("'default' is the engine's built-in builder", fix="choose another name")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise UsageProblem(
            f"'{name}' isn't a valid builder name" if name else "the builder's name is empty",
            fix="start with a letter, then use letters, digits and . _ -",
        )
    return name


def parse_node(word: str) -> NewNode:
    """Parse `ENDPOINT` or `PLATFORMS=ENDPOINT`; raises UsageProblem."""
    left, equals, right = word.strip().partition("=")
    # An endpoint may contain =: kubernetes:///x?deployment=y.
    if not equals or "://" in left or "?" in left:
        return NewNode(_endpoint(word.strip(), word))
    return NewNode(_endpoint(right, word), parse_platforms(left))


def _endpoint(text: str, word: str) -> str:
    if not text or text.startswith("-") or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageProblem(
            f"node '{word}' has no endpoint",
            fix="write tcp://HOST:PORT, ssh://HOST, unix:///PATH or a Docker context, "
            "optionally with PLATFORMS= before it",
        )
    return text


def _check_apart(nodes: tuple[NewNode, ...]) -> None:
    """Raise if nodes share an endpoint or a platform: Buildx would use only the first."""
    endpoints = [node.endpoint for node in nodes]
    claimed = [platform for node in nodes for platform in node.platforms]
    for what, told in (("node", endpoints), ("platform", [str(p) for p in claimed])):
        twice = next((word for word in told if told.count(word) > 1), None)
        if twice is not None:
            raise UsageProblem(
                f"the {what} '{twice}' is given twice",
                fix="Buildx uses only the first; remove the other",
            )


def _option(word: str) -> str:
    key, equals, _ = word.partition("=")
    if not equals or not key or key.startswith("-"):
        raise UsageProblem(f"--driver-opt {word}: not in the form K=V", fix="write network=host")
    return word
