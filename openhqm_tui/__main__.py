"""The entry point: `openhqm-tui` and `python -m openhqm_tui`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; problems are one line, never a traceback."""
    _open_standard_streams()
    if os.environ.get("GITHUB_ACTIONS"):
        from openhqm_tui.cli.output.github import commands_muted

        with commands_muted():
            return _run(arguments)
    return _run(arguments)


def _open_standard_streams() -> None:
    """Open closed standard streams on the null device.

    Otherwise the next file that is opened, such as the lock of a run, would take their place.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _run(arguments: Sequence[str] | None) -> int:
    from openhqm_tui.cli.surroundings import leave_this_folder_out
    from openhqm_tui.domain.errors import Problem

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Replace characters that the terminal can't encode, such as ✓, instead of failing.
        sys.stdout.reconfigure(errors="replace")
    if os.environ.get("SUDO_UID") and os.geteuid() == 0:
        from openhqm_tui.cli.surroundings import use_home_of_root

        use_home_of_root()
    try:
        try:
            leave_this_folder_out()
            from openhqm_tui.cli.main import parse

            parsed = parse(sys.argv[1:] if arguments is None else list(arguments))
            return int(parsed.run(parsed))
        finally:
            # Here, where a closed pipe is handled, and not at exit.
            sys.stdout.flush()
    except Problem as problem:
        print(f"openhqm-tui: {problem}", file=sys.stderr)  # noqa: T201
        return problem.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed the pipe; avoid another error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
