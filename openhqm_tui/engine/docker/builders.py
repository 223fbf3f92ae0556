"""Buildx builders: list, create, remove, select; every command is shown before it runs."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from openhqm_tui.domain.errors import EngineProblem, UsageProblem, nearest
from openhqm_tui.domain.plan.builders import NewBuilder, Node, remove_command, use_command
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.secrets.redact import masked
from openhqm_tui.domain.text import Inert, one_line
from openhqm_tui.engine.docker.client import CommandError, with_docker
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult, Runner, capture
from openhqm_tui.engine.docker.facts import EngineFacts, facts_from, native_of, readable

# Buildx waits for nodes that can't be reached, some seconds each.
_LOOK_SECONDS = 30.0
_HOST_LABEL = "org.mobyproject.buildkit.worker.hostname"


class Builder(Inert, frozen=True, kw_only=True):
    """A builder: its driver, its nodes, and the error that Buildx reports.

    `current` is the one that Buildx uses by default.
    """

    name: str
    driver: str = ""
    nodes: tuple[Node, ...] = ()
    current: bool = False
    error: str = ""

    def refusal(self, context: str) -> str:
        """Return why it can't build for the engine of `context`; '' if it can."""
        if self.error:
            return f"can't be used: {self.error}"
        if not self.nodes:
            return "has no nodes"
        elsewhere = context and context not in {node.endpoint for node in self.nodes}
        if self.driver == "docker" and elsewhere and not self.current:
            return "belongs to another engine, so its images can't be checked here"
        return ""

    @property
    def stays(self) -> str:
        """Why it can't be removed; '' if it can."""
        return f"{self.name} belongs to a Docker context" if self.driver == "docker" else ""

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of its nodes, each once."""
        return tuple(dict.fromkeys(node.status for node in self.nodes if node.status))

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All platforms of its nodes."""
        return tuple(dict.fromkeys(listed for node in self.nodes for listed in node.platforms))


def list_builders(*, run: Runner = capture) -> list[Builder]:
    """Return the builders as Buildx lists them; raises EngineProblem, blocks.

    Also queries the engine, for the platform of the machine that both are on.
    """
    info, listed = run(
        ["docker", "info", "--format", "{{json .}}"],
        ["docker", "buildx", "ls", "--format", "json"],
        timeout=_LOOK_SECONDS,
    )
    if not listed.ok:
        fix = (
            "install Docker" if listed.code == NOT_FOUND else "run `openhqm-tui doctor` for details"
        )
        words = listed.last_words.removeprefix("ERROR: ")
        raise EngineProblem(f"can't list the builders: {words}", fix=fix)
    facts = facts_from(info, CommandResult(1))
    found = []
    for line in listed.out.splitlines():
        try:
            entry = msgspec.json.decode(line.encode())
        except msgspec.DecodeError:
            continue
        if isinstance(entry, dict) and entry.get("Name"):
            found.append(_builder(entry, facts))
    return found


def find_builder(name: str, builders: list[Builder]) -> Builder:
    """Return the builder of that name; raises UsageProblem that suggests the nearest."""
    for builder in builders:
        if builder.name == name:
            return builder
    names = [builder.name for builder in builders]
    guess = nearest(name, names)
    raise UsageProblem(
        f"there is no builder '{name}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(names),
    )


def _builder(entry: dict[str, Any], facts: EngineFacts) -> Builder:
    nodes = [node for node in entry.get("Nodes") or () if isinstance(node, dict)]
    errors = [str(entry.get("Err") or ""), *(str(node.get("Err") or "") for node in nodes)]
    driver = str(entry.get("Driver") or "")
    return Builder(
        name=str(entry["Name"]),
        driver=driver,
        nodes=tuple(_node(node, driver, facts) for node in nodes),
        current=entry.get("Current") is True,
        error="; ".join(error for error in errors if error),
    )


def _node(entry: dict[str, Any], driver: str, facts: EngineFacts) -> Node:
    endpoint = str(entry.get("Endpoint") or "")
    labels = entry.get("Labels")
    hostname = str(labels.get(_HOST_LABEL) or "") if isinstance(labels, dict) else ""
    listed = readable(str(word) for word in entry.get("Platforms") or ())
    return Node(
        name=str(entry.get("Name") or ""),
        endpoint=endpoint,
        status=str(entry.get("Status") or ""),
        error=str(entry.get("Err") or ""),
        native=native_of(
            listed,
            driver=driver,
            endpoint=endpoint,
            hostname=hostname,
            host=facts.host,
            engine_name=facts.engine_name,
            context=facts.context,
        ),
        platforms=listed,
    )


Say = Callable[[str], None]

# Seconds. A first start pulls BuildKit's image, or waits for a pod.
_START_SECONDS = 300.0
_CHANGE_SECONDS = 60.0

# Errors of Buildx for a node that doesn't start, and their fixes.
_WAYS_OUT: tuple[tuple[str, str], ...] = (
    (
        r"failed to resolve reference|pull access denied|toomanyrequests",
        "the BuildKit image can't be pulled: specify another one with --driver-opt image=REF",
    ),
    (
        r"namespace|KUBERNETES_MASTER",
        "check the cluster in KUBECONFIG, and the namespace in --driver-opt namespace=NAME",
    ),
    (r"no such host|lookup ", "check the host name and the network"),
    (
        r"deadline exceeded|refused|no such file|waiting for connection|no route",
        "check that the engine or BuildKit is running at the builder's endpoint, or use --no-start "
        "to start the builder later",
    ),
    (r"permission denied|publickey", "check that you have access to the builder's endpoint"),
    (
        r"unknown option|invalid driver|failed to parse",
        "see the Buildx documentation for the driver's options",
    ),
)


def command_words(command: Sequence[str]) -> str:
    """Return a command quoted for a shell, with secrets in options masked."""
    return masked(shlex.join(command))


def create_builder(new: NewBuilder, say: Say, *, run: Runner = capture) -> None:
    """Create a builder with its nodes and start it; blocks. Removes it again if that fails.

    Raises UsageProblem if the name is taken, EngineProblem if Buildx can't.
    """
    taken = next((one for one in list_builders(run=run) if one.name == new.name), None)
    if taken is not None:
        rm = "" if taken.stays else f", or run `openhqm-tui builders rm {new.name}` first"
        raise UsageProblem(f"builder '{new.name}' already exists", fix=f"choose another name{rm}")
    made = False
    try:
        for command in new.commands():
            say(command_words(command))
            seconds = _START_SECONDS if "--bootstrap" in command else _CHANGE_SECONDS
            (ended,) = run(command, timeout=seconds)
            if not ended.ok:
                raise _failure(f"builder '{new.name}' can't be created", ended, seconds)
            made = True
    except BaseException:
        if made:
            say(command_words(remove_command(new.name)))
            with contextlib.suppress(CommandError):
                with_docker(lambda docker: docker.buildx.remove(new.name), timeout=_CHANGE_SECONDS)
        raise


def remove_builder(name: str, say: Say, *, run: Runner = capture) -> None:
    """Remove a builder and its cache; blocks.

    Raises UsageProblem for one that doesn't exist, or belongs to a Docker context.
    """
    removable(name, list_builders(run=run))
    say(command_words(remove_command(name)))
    try:
        with_docker(lambda docker: docker.buildx.remove(name), timeout=_CHANGE_SECONDS)
    except CommandError as error:
        trouble = f"builder '{name}' can't be removed"
        raise _failure(trouble, error.result, _CHANGE_SECONDS) from error


def removable(name: str, builders: list[Builder]) -> Builder:
    """Return the builder of that name if it may be removed; raises UsageProblem."""
    builder = find_builder(name, builders)
    if builder.stays:
        raise UsageProblem(
            f"builder '{name}' can't be removed: it belongs to a Docker context",
            fix=f"run `docker context rm {name}` to remove the context and its builder"
            if name != "default"
            else "",
        )
    return builder


def use_builder(name: str, say: Say, *, run: Runner = capture) -> None:
    """Make a builder the one that Buildx uses by default; blocks. Raises UsageProblem."""
    find_builder(name, list_builders(run=run))
    say(command_words(use_command(name)))
    try:
        with_docker(lambda docker: docker.buildx.use(name), timeout=_CHANGE_SECONDS)
    except CommandError as error:
        trouble = f"builder '{name}' can't be selected"
        raise _failure(trouble, error.result, _CHANGE_SECONDS) from error


def _failure(trouble: str, ended: CommandResult, seconds: float) -> EngineProblem:
    words = _why(ended, seconds)
    return EngineProblem(f"{trouble}: {masked(words)}", fix=_way_out(words))


def _why(ended: CommandResult, seconds: float) -> str:
    if ended.code == TIMED_OUT:
        return f"no response within {seconds:g} s"
    if ended.code == NOT_FOUND:
        return ended.last_words
    lines = [line.strip() for line in (ended.err or ended.out).splitlines() if line.strip()]
    # The last line of `rm` doesn't say which removal failed, or why.
    telling = [line for line in lines if not line.endswith("failed to remove one or more builders")]
    return one_line((telling or lines or [f"exit code {ended.code}"])[-1].removeprefix("ERROR: "))


def _way_out(words: str) -> str:
    return next((fix for known, fix in _WAYS_OUT if re.search(known, words)), "")
