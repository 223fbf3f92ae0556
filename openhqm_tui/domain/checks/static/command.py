"""The check `command`: what the image starts, entrypoint and arguments together."""

from __future__ import annotations

import shlex

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Result

COMMAND: Key[tuple[str, ...]] = Key("command", tuple[str, ...], ())


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the command word by word."""
    wanted = COMMAND.of(expected)
    if seen.config is None:
        return seen.no_config(shlex.join(wanted))
    words = seen.config.command
    told = seen.config.masked(shlex.join(words)) or "none"
    return Result.of(words == wanted, told, shlex.join(wanted))


CHECK = Check(
    name="command",
    position=60,
    short="cmd",
    question="Does the image start the expected command?",
    hint="Set ENTRYPOINT, CMD or both in the final stage, as lists; together they must be the "
    'expected command: ENTRYPOINT ["PROGRAM"], CMD ["ARGUMENT", …].',
    method=Method.STORE,
    keys=(COMMAND,),
    applies=COMMAND.is_set,
    judge=judge,
)
