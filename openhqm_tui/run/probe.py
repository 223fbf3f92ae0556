"""The questions put to an image from inside its container.

This file's text is the program: `python -c TEXT CLIENTS ABSENT` runs it in the image, where
each argument is `DISTRIBUTION=MODULE,…`. It prints one line: the mark and a JSON object.

Any Python 3 and next to no imports: under emulation, and with no byte-code in the base, each
module of the standard library costs up to a second (json and importlib.metadata eight).
"""

import os
import sys

MARK = "openhqm-tui-probe:"


def quoted(text: str) -> str:
    """Return `text` as a JSON string; what isn't ASCII is told by its number."""
    plain = [
        c if " " <= c < "\x7f" and c not in '"\\' else f"\\u{min(ord(c), 65533):04x}" for c in text
    ]
    return '"' + "".join(plain) + '"'


def as_json(value: object) -> str:
    """Return JSON for the few kinds of values that an answer holds."""
    if isinstance(value, dict):
        return "{" + ",".join(quoted(k) + ":" + as_json(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(as_json(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else quoted(str(value))


def normal(name: str) -> str:
    """Return a distribution's name as all spellings of it share it."""
    return name.lower().replace("-", "_").replace(".", "_")


def installed() -> "dict[str, str]":
    """Return the versions of all distributions on the path, by their normal name."""
    found: "dict[str, str]" = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in names:
            stem, dot, kind = entry.rpartition(".")
            if dot and kind in ("dist-info", "egg-info"):
                name, _, version = stem.partition("-")
                found.setdefault(normal(name), version.partition("-py")[0])
    return found


def on_path(module: str) -> bool:
    """Tell whether a module's file or folder is anywhere on the path."""
    place = module.replace(".", os.sep)
    for folder in sys.path:
        start = os.path.join(folder, place)
        if os.path.isdir(start) or os.path.exists(start + ".py"):
            return True
    return False


def look(asked: str, versions: "dict[str, str]", load: bool) -> "dict[str, object]":
    """Say what became of one client library: imported if `load`, else only looked for."""
    distribution, _, module = asked.partition("=")
    version = versions.get(normal(distribution), "")
    seen: "dict[str, object]" = {"distribution": distribution, "version": version}
    if not load:
        seen["found"] = on_path(module)
        return seen
    try:
        __import__(module)
        seen["found"] = True
    except BaseException as error:
        seen["error"] = repr(error)[:200]
    return seen


def main() -> None:
    """Answer all questions on one line of stdout."""
    clients, absent = ([word for word in text.split(",") if word] for text in sys.argv[1:3])
    out = sys.stdout
    # What a library prints while it is imported must not mix with the answer.
    sys.stdout = sys.stderr
    versions = installed()
    from sysconfig import get_platform

    answer = {
        # What platform.machine() returns on Linux, without its imports.
        "machine": os.uname().machine,
        "implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            sys.implementation.name, sys.implementation.name
        ),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "python_platform": get_platform(),
        "uid": os.getuid(),
        "clients": [look(one, versions, True) for one in clients],
        "absent": [look(one, versions, False) for one in absent],
    }
    out.write(MARK + as_json(answer) + "\n")
    out.flush()
    # Client libraries may leave threads behind; the answer is given.
    os._exit(0)


if __name__ == "__main__":
    main()
