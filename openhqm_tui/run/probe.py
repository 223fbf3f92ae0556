"""The questions put to an image from inside its container.

This file's text is the program: `python -c TEXT '{"clients": …, "absent": …}'` runs it in the
image. Standard library only, any Python 3; it prints one line, the mark and a JSON object.
"""

import importlib
import importlib.util
import json
import os
import platform
import sys
import sysconfig

MARK = "openhqm-tui-probe:"


def _version(distribution: str) -> str:
    try:
        from importlib.metadata import version

        return str(version(distribution))
    except Exception:
        return ""


def _look(distribution: str, module: str, load: bool) -> "dict[str, object]":
    seen: dict[str, object] = {
        "distribution": distribution,
        "version": _version(distribution),
        "found": False,
    }
    try:
        if load:
            importlib.import_module(module)
            seen["found"] = True
        else:
            seen["found"] = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as error:
        # For a client that must be absent, a missing parent package is the right answer.
        if load:
            seen["error"] = repr(error)[:200]
    except BaseException as error:
        seen["error"] = repr(error)[:200]
    return seen


def main() -> None:
    """Answer all questions on one line of stdout."""
    asked = json.loads(sys.argv[1])
    out = sys.stdout
    # What a library prints while it is imported must not mix with the answer.
    sys.stdout = sys.stderr
    answer = {
        "machine": platform.machine(),
        "implementation": platform.python_implementation(),
        "python": platform.python_version(),
        "python_platform": sysconfig.get_platform(),
        "uid": os.getuid(),
        "clients": [_look(d, m, True) for d, m in asked["clients"]],
        "absent": [_look(d, m, False) for d, m in asked["absent"]],
    }
    out.write(MARK + json.dumps(answer) + "\n")
    out.flush()
    # Client libraries may leave threads behind; the answer is given.
    os._exit(0)


if __name__ == "__main__":
    main()
