"""Builders made, removed and selected, all by Buildx, with every command told before it runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

from openhqm_tui.domain.new_builder import NewBuilder, remove_command, use_command
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.problems import EngineProblem, UsageProblem
from openhqm_tui.domain.secrets.redact import masked
from openhqm_tui.engine.builders import Builder, find_builder, list_builders
from openhqm_tui.engine.shell import NOT_FOUND, TIMED_OUT, Outcome, Runner, capture

Say = Callable[[str], None]

# Seconds. A first start pulls BuildKit's image, or waits for a pod.
_START_SECONDS = 300.0
_CHANGE_SECONDS = 60.0

# What Buildx says of a node that doesn't come up, and what helps.
_WAYS_OUT: tuple[tuple[str, str], ...] = (
    (
        r"failed to resolve reference|pull access denied|toomanyrequests",
        "BuildKit's image can't be had: give --driver-opt image=REF that this machine reaches",
    ),
    (r"namespace|KUBERNETES_MASTER", "name a cluster with KUBECONFIG or --driver-opt namespace=N"),
    (r"no such host|lookup ", "see whether the host's name is right"),
    (
        r"deadline exceeded|refused|no such file|waiting for connection|no route",
        "see that BuildKit listens there, or give --no-start to keep it for later",
    ),
    (r"permission denied|publickey", "see that you may use that machine's engine"),
    (r"unknown option|invalid driver|failed to parse", "see the driver's options in Buildx's help"),
)


def command_words(command: Sequence[str]) -> str:
    """Return a command as a shell takes it, without the secrets that an option may hold."""
    return masked(shlex.join(command))


def create_builder(
    new: NewBuilder, say: Say, *, run: Runner = capture, undo: Runner | None = None
) -> None:
    """Make a builder with its nodes and start it; blocks. What fails is taken away again.

    `undo` runs the taking away, where `run` is one that may be stopped.

    Raises UsageProblem where the name is taken, EngineProblem where Buildx can't.
    """
    if any(builder.name == new.name for builder in list_builders(run=run)):
        raise UsageProblem(
            f"there is a builder '{new.name}' already",
            fix=f"choose another name, or `openhqm-tui builders rm {new.name}` first",
        )
    made = False
    try:
        for command in new.commands():
            say(command_words(command))
            seconds = _START_SECONDS if "--bootstrap" in command else _CHANGE_SECONDS
            _run(command, f"builder '{new.name}' can't be made", run, seconds)
            made = True
    except BaseException:
        if made:
            say(command_words(remove_command(new.name)))
            (undo or run)(remove_command(new.name), timeout=_CHANGE_SECONDS)
        raise


def remove_builder(name: str, say: Say, *, run: Runner = capture) -> None:
    """Remove a builder and what it keeps; blocks.

    Raises UsageProblem for one that isn't there, or is an engine's own.
    """
    removable(name, list_builders(run=run))
    say(command_words(remove_command(name)))
    _run(remove_command(name), f"builder '{name}' can't be removed", run, _CHANGE_SECONDS)


def removable(name: str, builders: list[Builder]) -> Builder:
    """Return the builder of that name if it may be removed; raises UsageProblem."""
    builder = find_builder(name, builders)
    if builder.stays:
        raise UsageProblem(
            f"'{name}' can't be removed: it is an engine's own builder",
            fix=f"`docker context rm {name}` removes a context with its builder"
            if name != "default"
            else "it goes with Docker itself",
        )
    return builder


def use_builder(name: str, say: Say, *, run: Runner = capture) -> None:
    """Have Buildx take a builder where none is named; blocks. Raises UsageProblem."""
    find_builder(name, list_builders(run=run))
    say(command_words(use_command(name)))
    _run(use_command(name), f"builder '{name}' can't be selected", run, _CHANGE_SECONDS)


def _run(command: Sequence[str], trouble: str, run: Runner, seconds: float) -> None:
    (ended,) = run(command, timeout=seconds)
    if not ended.ok:
        words = _why(ended, seconds)
        raise EngineProblem(f"{trouble}: {masked(words)}", fix=_way_out(words))


def _why(ended: Outcome, seconds: float) -> str:
    if ended.code == TIMED_OUT:
        return f"no answer in {seconds:g} s (waiting for connection)"
    if ended.code == NOT_FOUND:
        return ended.last_words
    lines = [line.strip() for line in (ended.err or ended.out).splitlines() if line.strip()]
    # `rm` ends with a line that only says that one of them failed.
    telling = [line for line in lines if not line.endswith("failed to remove one or more builders")]
    return one_line((telling or lines or [f"exit code {ended.code}"])[-1].removeprefix("ERROR: "))


def _way_out(words: str) -> str:
    return next((fix for known, fix in _WAYS_OUT if re.search(known, words)), "")
