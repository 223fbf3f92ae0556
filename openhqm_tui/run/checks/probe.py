"""The checks that run inside the container of an image.

The text of `domain/checks/peers.py`, `probe_system.py`, `probe_service.py`, `probe_python.py` and
then of this file is the program: `python -c TEXT NONCE KEY=VALUE… [-- HEALTH… COMMAND…]` runs it in
the image. `clients` and `absent` are `DISTRIBUTION=MODULE,…` (`*`: the modules that the
distribution itself has), `library` and `modules` are `MODULE,…`, `byte_code` asks for bytecode,
`service` is `PORT,STATUS,SECONDS,LISTEN,PATH`: how COMMAND must respond. `health` is
`SECONDS,COUNT`: the time for the health check, and its number of words. `patience`: seconds for the
checks. `scripts` are programs that the image's command starts: the Python that runs one of them
runs the probe too. `wait` is `SECONDS,PORT|PORT,…`: COMMAND isn't started before one port of each
of its companions listens.

Process 1 starts the image's own command, so that it comes up meanwhile, and a second process with
the checks; it monitors both, so that a crash or a hang of either is recognized. Each result is
printed immediately, as one line on stdout: the mark, the nonce and a JSON object.

Any Python 3 and next to no imports: under emulation, and with no bytecode in the base, each
module of the standard library costs up to a second (json and importlib.metadata eight).

All this runs on the image's own interpreter and with its own files. The nonce separates the results
from what the image happens to print; a malicious image (with its own `python`, a sitecustomize, or
a command that writes to process 1) can still lie about itself. The results are untrusted text.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from openhqm_tui.run.checks.probe_python import (
        compare_with_record,
        distributions,
        normal,
        switch,
    )
    from openhqm_tui.run.checks.probe_service import Service

MARK = "openhqm-tui-probe:"
# Characters of one file of a distribution's metadata, and modules tried of one package.
MOST_METADATA = 4000000
MOST_TRIED = 8
# Part of every interpreter's installation, used by no service.
NEVER_SERVED = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack")


def quoted(text: str) -> str:
    """Return `text` as a JSON string; non-ASCII characters are escaped."""
    plain = [
        c if " " <= c < "\x7f" and c not in '"\\' else f"\\u{min(ord(c), 65533):04x}" for c in text
    ]
    return '"' + "".join(plain) + '"'


def as_json(value: object) -> str:
    """Return JSON for the few types of values in a result."""
    if isinstance(value, dict):
        return "{" + ",".join(quoted(k) + ":" + as_json(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(as_json(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else quoted(str(value))


def installed() -> "dict[str, tuple[str, str]]":
    """Return version and metadata of all distributions on the path, by normalized name."""
    found: "dict[str, tuple[str, str]]" = {}
    for folder, info, name, version in distributions():
        found.setdefault(name, (version, os.path.join(folder or ".", info)))
    return found


def lines_in(*place: str) -> "list[str]":
    """Return the lines of a text file; none if it can't be read."""
    try:
        with open(os.path.join(*place), encoding="utf-8", errors="replace") as file:
            return file.read(MOST_METADATA).splitlines()
    except OSError:
        return []


def requirers(names: "set[str]", places: "dict[str, tuple[str, str]]") -> "dict[str, list[str]]":
    """Return the requirements that lead to any of the named distributions, by distribution."""
    required: "dict[str, list[tuple[str, str]]]" = {}
    for name, (_, place) in places.items():
        lines = lines_in(place, "METADATA") or lines_in(place, "PKG-INFO") or lines_in(place)
        head = lines[: lines.index("")] if "" in lines else lines
        wanted = [line[14:].strip() for line in head if line.startswith("Requires-Dist:")]
        required[name] = [(normal(first_name(line)), line[:500]) for line in wanted]
    found: "dict[str, list[str]]" = {}
    todo = set(names)
    while todo:
        leading = {
            name: [line for to, line in lines if to in todo] for name, lines in required.items()
        }
        todo = {name for name, lines in leading.items() if lines and name not in found} - names
        for name, lines in leading.items():
            if lines:
                found.setdefault(name, []).extend(lines)
    return found


def first_name(requirement: str) -> str:
    """Return the name at the start of a requirement."""
    for at, letter in enumerate(requirement):
        if not (letter.isalnum() or letter in "-_."):
            return requirement[:at]
    return requirement


def modules_of(place: str) -> "list[str] | None":
    """Return all modules that a distribution says it installed; None if it doesn't say."""
    files = [line.rsplit(",", 2)[0].strip('"') for line in lines_in(place, "RECORD")]
    files += [line.replace("../", "", 1) for line in lines_in(place, "installed-files.txt")]
    found = []
    for file in files:
        stem, dot, kind = file.rpartition(".")
        parts = stem.partition(".")[0].split("/") if kind == "so" else stem.split("/")
        if dot and kind in ("py", "so") and all(part.isidentifier() for part in parts):
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    top = [name for name in lines_in(place, "top_level.txt") if name.isidentifier()]
    # An editable installation records nothing but a private module that finds the others.
    if top and all(name[0] == "_" for name in found):
        return top
    return found if files else None


def to_import(distribution: str, modules: "list[str]") -> "list[str]":
    """Return the modules whose import shows that a distribution works, the outermost ones.

    Private ones count only if there are no others, and those that aren't named like the
    distribution (`tests`, `examples`) only if none is.
    """
    names = {name for name in modules if name and not in_tests(name)}
    outer = sorted(name for name in names if not any(n in names for n in parents(name)))
    public = [name for name in outer if not any(part[0] == "_" for part in name.split("."))]
    own = compact(distribution)
    alike = [n for n in public if own.startswith(compact(n)) or own.endswith(compact(n))]
    same = [name for name in alike if compact(name) == own]
    return same or alike or public or outer


def in_tests(name: str) -> bool:
    return any(part in ("test", "tests", "__main__", "conftest") for part in name.split("."))


def parents(name: str) -> "list[str]":
    parts = name.split(".")
    return [".".join(parts[:at]) for at in range(1, len(parts))]


def compact(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def client(asked_for: str, places: "dict[str, tuple[str, str]]") -> "dict[str, object]":
    """Import a client's module; for `*` the modules that its distribution has."""
    name, _, module = asked_for.partition("=")
    version, place = places.get(normal(name), ("", ""))
    if module != "*":
        return loaded(asked_for, version)
    seen: "dict[str, object]" = {"distribution": name, "version": version}
    modules = modules_of(place) if place else None
    if modules is None and place and on_path(normal(name)):
        modules = [normal(name)]
    if modules is None:
        return seen
    results = [imported(one, modules) for one in to_import(name, modules)]
    errors = [error for error in results if error is not None]
    # Of several modules, one may serve something optional that isn't installed.
    serious = [e for e in errors if not isinstance(e, ModuleNotFoundError)]
    if serious or (errors and len(errors) == len(results)):
        seen["error"] = repr((serious or errors)[0])[:200]
    else:
        seen["found"] = True
    return seen


def imported(name: str, modules: "list[str]") -> "BaseException | None":
    """Import a module, and if that loads nothing else of it, one of those in it."""
    error = import_error(name)
    inner = {one for one in modules if one.startswith(name + ".")}
    if error or any(one in sys.modules for one in inner):
        return error
    direct = sorted(one for one in inner if not any(p in inner for p in parents(one)))
    first = None
    for one in [one for one in direct if not in_tests(one)][:MOST_TRIED]:
        error = imported(one, modules)
        if error is None:
            return None
        first = first or error
    return first


def import_error(name: str) -> "BaseException | None":
    try:
        __import__(name)
    except BaseException as error:
        return error
    return None


def on_path(module: str) -> bool:
    """Return whether a module's file or folder is anywhere on the path."""
    place = module.replace(".", os.sep)
    for folder in sys.path:
        start = os.path.join(folder, place)
        if os.path.isdir(start) or os.path.exists(start + ".py"):
            return True
    return False


def loaded(
    name: str, version: str, use: "Callable[[Any], str] | None" = None
) -> "dict[str, object]":
    """Import a module and, with `use`, try it out: `use` returns its version."""
    seen: "dict[str, object]" = {"distribution": name.partition("=")[0], "version": version}
    try:
        module = name.rpartition("=")[2]
        __import__(module)
        if use:
            seen["version"] = use(sys.modules[module])
        seen["found"] = True
    except BaseException as error:
        seen["error"] = repr(error)[:200]
    return seen


def tls(ssl: "Any") -> str:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return " ".join(ssl.OPENSSL_VERSION.split()[1:2])


def database(sqlite3: "Any") -> str:
    ((version,),) = sqlite3.connect(":memory:").execute("select sqlite_version()")
    return str(version)


def call(ctypes: "Any") -> str:
    if ctypes.CDLL(None).getpid() != os.getpid():
        raise OSError("a call into the C library returned a wrong result")
    return ""


def zone(zoneinfo: "Any") -> str:
    # Without this file, ZoneInfo would import importlib.resources to look for another.
    if not any(os.path.exists(os.path.join(folder, "UTC")) for folder in zoneinfo.TZPATH):
        return "no time zones"
    zoneinfo.ZoneInfo("UTC")
    return ""


# Importing a module of the standard library doesn't show that it works.
USES = {"ssl": tls, "sqlite3": database, "ctypes": call, "zoneinfo": zone}


def compiled(module: "Any") -> str:
    """Return the suffix of the shared object behind a module; raises ImportError without one."""
    name: str = module.__name__
    for other, one in list(sys.modules.items()):
        file = getattr(one, "__file__", None) or ""
        if (other == name or other.startswith(name + ".")) and file.endswith(".so"):
            return "." + os.path.basename(file).partition(".")[2]
    raise ImportError("no compiled module was loaded")


def fresh(cached: str, source: str) -> bool:
    """Return whether Python would use a module's bytecode."""
    from _frozen_importlib_external import MAGIC_NUMBER

    try:
        file = os.open(cached, os.O_RDONLY)
        head = os.read(file, 16)
        os.close(file)
        if head[:4] != MAGIC_NUMBER or head[4] & 1:
            return head[:4] == MAGIC_NUMBER
        status = os.stat(source)
    except OSError:
        return False
    stamps = [int.from_bytes(head[at : at + 4], "little") for at in (8, 12)]
    return stamps == [int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF]


def byte_code(modules: "list[str]") -> "dict[str, object]":
    """Count the modules with bytecode and name those without: loaded ones, the core, the app."""
    asked: "dict[str, tuple[str, str]]" = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        cached, source = getattr(spec, "cached", None), getattr(spec, "origin", None)
        if cached and source and source.endswith(".py"):
            asked[name] = (cached, source)
    tops = [sys.modules.get(name.partition(".")[0]) for name in modules]
    folders = [
        os.path.dirname(os.path.dirname(getattr(top, "__file__", None) or "")) for top in tops
    ]
    folders += os.environ.get("PYTHONPATH", "").split(os.pathsep)
    for folder in {folder for folder in folders if os.path.isdir(folder)}:
        for name in os.listdir(folder):
            source = os.path.join(folder, name, "__init__.py")
            if name not in NEVER_SERVED and os.path.exists(source):
                tag = sys.implementation.cache_tag
                cached = os.path.join(folder, name, "__pycache__", f"__init__.{tag}.pyc")
                asked.setdefault(name, (cached, source))
    missing = sorted(name for name, (cached, source) in asked.items() if not fresh(cached, source))
    return {"asked": len(asked), "missing": len(missing), "names": [n[:80] for n in missing[:5]]}


def ask(asked: "dict[str, str]", tell: "Callable[[dict[str, Any]], None]") -> None:
    """Run all checks except the service; those that may crash come last."""
    words = {key: [word for word in value.split(",") if word] for key, value in asked.items()}
    from _imp import extension_suffixes
    from sysconfig import get_platform

    python = {
        # What platform.machine() returns on Linux, without its imports.
        "machine": os.uname().machine,
        "implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            sys.implementation.name, sys.implementation.name
        ),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "python_platform": get_platform(),
        "ext_suffix": (extension_suffixes() or [""])[0],
        "uid": os.getuid(),
        "executable": sys.executable or "",
    }
    tell(python)
    places = installed()
    seen: "list[dict[str, object]]" = []
    there: "set[str]" = set()
    for asked_for in words.get("absent", []):
        name, _, module = asked_for.partition("=")
        version, _ = places.get(normal(name), ("", ""))
        seen.append({"distribution": name, "version": version, "found": on_path(module)})
        if version:
            there.add(normal(name))
    tell({"absent": seen, "requires": requirers(there, places) if there else {}})
    if "library" in words:
        tell({"library": [loaded(name, "", USES.get(name)) for name in words["library"]]})
    if "modules" in words:
        tell({"extensions": [loaded(name, "", compiled) for name in words["modules"]]})
    if "byte_code" in words:
        tell({"byte_code": byte_code(words.get("modules", []))})
    clients = [client(one, places) for one in words.get("clients", [])]
    for one in clients:
        if "found" in one:
            compare_with_record(one)
    tell({"clients": clients})


def main() -> None:
    """Run process 1: start the command and the checks, monitor both, report how they ended."""
    nonce, *words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    asked = dict(word.partition("=")[::2] for word in words[:at])
    command = words[at + 1 :]
    switch([script for script in asked.pop("scripts", "").split(",") if script])
    sys.argv = ["-c"]
    # Output of libraries during their import must not mix with the results.
    out = os.dup(1)
    os.dup2(2, 1)

    def tell(answer: "dict[str, Any]") -> None:
        os.write(out, (MARK + nonce + as_json(answer) + "\n").encode())

    watched, theirs = os.pipe()
    questions = os.fork()
    if not questions:
        try:
            ask(asked, tell)
        finally:
            # Client libraries may leave threads behind; all results are printed.
            os._exit(1 if sys.exc_info()[0] else 0)
    os.close(theirs)
    service = None
    if "service" in asked and ("wait" not in asked or can_start(asked, tell)):
        seconds, count = asked.get("health", "0,0").split(",")
        health = command[: int(count)]
        service = Service(asked["service"], command[int(count) :], health, float(seconds))
    watch(tell, service, questions, watched, float(asked.get("patience", "60")))
    os._exit(0)


def can_start(asked: "dict[str, str]", tell: "Callable[[dict[str, Any]], None]") -> bool:
    """Wait for the companions; report which of them don't listen, and return whether all do.

    SIGUSR1 ends the waiting: one of them has ended.
    """
    from time import monotonic, sleep

    signals = __import__("_signal")
    stopped: "list[int]" = []
    signals.signal(signals.SIGUSR1, lambda number, _: stopped.append(number))
    seconds, *groups = asked["wait"].split(",")
    end = monotonic() + float(seconds)
    left = list(range(len(groups)))
    while True:
        left = [at for at in left if not any(listens(int(p)) for p in groups[at].split("|"))]
        if not left or stopped or monotonic() > end:
            break
        sleep(0.05)
    port = int(asked["service"].partition(",")[0])
    if left:
        tell({"unready": left})
    elif listens(port):
        trouble = f"a companion is already listening on :{port}, the service's port"
        tell({"service": {"companion_trouble": trouble}})
        return False
    return not left


def listens(port: int) -> bool:
    """Return whether something listens on a TCP port of loopback."""
    from _socket import AF_INET, AF_INET6, SOCK_STREAM, socket

    for family, address in ((AF_INET, "127.0.0.1"), (AF_INET6, "::1")):
        try:
            connection = socket(family, SOCK_STREAM)
            connection.settimeout(1)
            connection.connect((address, port))
            connection.close()
        except OSError:
            continue
        return True
    return False


def watch(
    tell: "Callable[[dict[str, Any]], None]",
    service: "Service | None",
    questions: int,
    watched: int,
    patience: float,
) -> None:
    """Monitor the checks and the service until both have ended or timed out."""
    from select import select
    from time import monotonic

    begun = monotonic()
    while questions or service:
        now = monotonic() - begun
        # Often at first, then every fiftieth of the elapsed time: accurate enough at little load.
        pause = min(max(now / 50, 0.003), 0.1)
        done = False
        if service:
            skipped = {questions, service.health.command.pid if service.health else 0}
            done = service.look([watched] if questions else [], pause, skipped)
        else:
            select([watched], [], [], pause)
        ended: "dict[int, int]" = {}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            ended[pid] = status
        if service:
            service.update(ended)
            if done or service.pid in ended:
                tell({"service": service.end(ended.get(service.pid), skipped)})
                if service.health and service.health.result:
                    tell({"health": service.health.result})
                service = None
        if questions and (questions in ended or now > patience):
            status = ended.get(questions, -1)
            if status == -1:
                os.kill(questions, 9)
            tell(
                {
                    "questions": {
                        "stuck": status == -1,
                        "signal": max(status, 0) & 127,
                        "exit_code": max(status, 0) >> 8,
                    }
                }
            )
            questions = 0


if __name__ == "__main__":
    main()
