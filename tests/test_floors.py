"""Layers and folders: a module imports only from its own layer and from lower ones.

`domain` < `files`, `engine`, `store` < `run` < the front ends `cli`, `tui`, `report` and `web`.
Of the front ends only `report` is imported by others. Inside the domain the folders are layered
too (`ROOMS`). The domain does no I/O and reads no clock, and only front ends import Textual or
Rich, so each layer can be tested without those above it.
A file has a descriptive name and at most 600 lines, and no two public classes of a layer share a
name. The checker itself is tested too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import openhqm_tui

PACKAGE = Path(openhqm_tui.__file__).parent
NAME = "openhqm_tui"
# Ruff limits functions (C901, PLR0915). A longer file probably has more than one concept.
MOST_LINES = 600

# The layers that the modules of each layer may import.
MAY_IMPORT: dict[str, set[str]] = {
    "": {"domain", "cli"},
    "domain": {"domain"},
    "files": {"domain", "files"},
    "engine": {"domain", "files", "engine"},
    "store": {"domain", "files", "store"},
    "run": {"domain", "files", "engine", "store", "run"},
    "report": {"domain", "files", "engine", "store", "run", "report"},
    "cli": {"domain", "files", "engine", "store", "run", "report", "cli"},
    "tui": {"domain", "files", "engine", "store", "run", "report", "tui"},
    "web": {"domain", "files", "store", "web"},
}
CORE = ("domain", "files", "engine", "store", "run")
FRONT_ENDS_ONLY = {"textual", "rich"}
# Commands that may import the console or the web server, but only when they run.
LATE_IMPORTS = {Path("cli/console.py"): "tui", Path("cli/commands/serve.py"): "web"}
# No I/O and no clock in the domain.
NOT_PURE = {
    *("os", "io", "sys", "pathlib", "shutil", "tempfile", "glob", "fcntl", "socket", "select"),
    *("subprocess", "signal", "threading", "multiprocessing", "asyncio", "concurrent", "logging"),
    *("time", "random", "secrets", "urllib", "http", "ssl", "sqlite3", "platform", "getpass"),
}
NOT_PURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
NOT_PURE_METHODS = {"now", "utcnow", "today"}
NO_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
# The folders and files of the domain: each imports only from those of a lower level.
ROOMS = {
    "text": 0,
    **dict.fromkeys(("errors", "names", "secrets"), 1),
    **dict.fromkeys(("findings", "formatting", "guides", "patterns", "platforms", "remedies"), 2),
    **dict.fromkeys(("buildkit", "emulators"), 3),
    "plan": 4,
    "checks": 5,
    "run": 6,
    **dict.fromkeys(("failures", "history"), 7),
}


def problems_of(package: Path) -> list[str]:
    """Return every violation of the rules in the modules below `package`."""
    found: list[str] = []
    for file in sorted(package.rglob("*.py")):
        place = file.relative_to(package)
        text = file.read_text(encoding="utf-8")
        found += [f"{place}: {what}" for what in _problems(place, text)]
    return found


def _problems(place: Path, text: str) -> Iterator[str]:
    layer = place.parts[0] if len(place.parts) > 1 else ""
    if layer not in MAY_IMPORT:
        yield f"{layer} is not a layer"
        return
    if len(text.splitlines()) > MOST_LINES:
        yield f"more than {MOST_LINES} lines"
    if place.stem in NO_NAMES or any(part in NO_NAMES for part in place.parts):
        yield "a meaningless name"
    tree = ast.parse(text)
    for name, is_late in _imports(tree, place):
        top, _, rest = name.partition(".")
        if top == NAME:
            wanted = rest.partition(".")[0]
            is_late_import = is_late and LATE_IMPORTS.get(place) == wanted
            if wanted in MAY_IMPORT and wanted not in MAY_IMPORT[layer] and not is_late_import:
                yield f"imports {name}"
            if layer == wanted == "domain" and not _is_below(name, place):
                yield f"imports {name}"
        elif (layer in CORE and top in FRONT_ENDS_ONLY) or (
            layer == "domain"
            and (top in NOT_PURE or top not in sys.stdlib_module_names | {"msgspec", "packaging"})
        ):
            yield f"imports {top}"
    if layer == "domain":
        yield from _impurities(tree)


def _is_below(name: str, place: Path) -> bool:
    """Whether a module of the domain is in the same folder as `place`, or in a lower one."""
    wanted = name.split(".")[2] if name.count(".") > 1 else ""
    room = Path(place.parts[1]).stem
    return wanted == room or ROOMS.get(wanted, 0) < ROOMS.get(room, 9)


def _imports(tree: ast.Module, place: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module, absolute, and whether it is imported late (in a function)."""
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield one.name, id(node) in late
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                above = [NAME, *place.parent.parts]
                start = ".".join([*above[: len(above) - node.level + 1], *start.split(".")])
            for one in node.names:
                # `from openhqm_tui import tui` names the layer only in the imported name.
                yield f"{start}.{one.name}" if start == NAME else start, id(node) in late


def _impurities(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in NOT_PURE_CALLS:
                yield f"calls {called.id}"
            if isinstance(called, ast.Attribute) and called.attr in NOT_PURE_METHODS:
                yield f"reads a clock with {called.attr}"


def test_modules_follow_the_rules_of_their_layer() -> None:
    assert problems_of(PACKAGE) == []


def imports_in(package: Path) -> dict[str, set[str]]:
    """Return the modules that each module imports anywhere, including for type checking."""
    trees = {
        ".".join((NAME, *file.relative_to(package).with_suffix("").parts)): ast.parse(
            file.read_text(encoding="utf-8")
        )
        for file in package.rglob("*.py")
    }
    trees = {name.removesuffix(".__init__"): tree for name, tree in trees.items()}
    return {
        name: {
            target
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for one in node.names
            for target in [f"{node.module}.{one.name}"]
            for target in [target if target in trees else node.module]
            if target in trees and target != name
        }
        for name, tree in trees.items()
    }


def circles(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules that import each other, directly or through others."""
    while removable := [name for name in imports if not imports[name] & set(imports)]:
        imports = {name: targets for name, targets in imports.items() if name not in removable}
    while removable := [
        name for name in imports if not any(name in targets for targets in imports.values())
    ]:
        imports = {name: targets for name, targets in imports.items() if name not in removable}
    return sorted(imports)


def test_no_modules_import_each_other_even_for_type_checking(tmp_path: Path) -> None:
    assert circles(imports_in(PACKAGE)) == []
    (tmp_path / "a.py").write_text("def f():\n    from openhqm_tui.b import g")
    (tmp_path / "b.py").write_text("if TYPE_CHECKING:\n    from openhqm_tui import c")
    (tmp_path / "c.py").write_text("from openhqm_tui import a, d")
    (tmp_path / "d.py").write_text("import os")
    assert circles(imports_in(tmp_path)) == [f"openhqm_tui.{name}" for name in "abc"]


def public_classes(layer: str) -> dict[str, list[str]]:
    """Return the names of the public classes of a layer, with their modules."""
    found: dict[str, list[str]] = {}
    for file in sorted((PACKAGE / layer).rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(str(file.relative_to(PACKAGE)))
    return found


@pytest.mark.parametrize("layer", sorted(set(MAY_IMPORT) - {""}))
def test_no_two_public_classes_of_a_layer_share_a_name(layer: str) -> None:
    classes = public_classes(layer)
    assert classes or layer == "files"
    assert {name: where for name, where in classes.items() if len(where) > 1} == {}


def test_every_folder_of_the_domain_has_a_level() -> None:
    rooms = {file.stem for file in (PACKAGE / "domain").iterdir() if file.stem[0] != "_"}
    assert rooms == set(ROOMS)


def test_test_files_are_limited_in_length() -> None:
    files = list(Path(__file__).parent.rglob("*.py"))
    assert len(files) > 100
    long = [file for file in files if len(file.read_text("utf-8").splitlines()) > MOST_LINES]
    assert long == []


def test_all_layers_are_examined() -> None:
    assert {"domain", "engine", "store", "run", "cli", "tui", "web"} <= {
        file.relative_to(PACKAGE).parts[0] for file in PACKAGE.rglob("*.py")
    }


@pytest.mark.parametrize(
    ("place", "text", "problem"),
    [
        ("domain/x.py", "import textual.app", "imports textual"),
        ("domain/x.py", "from rich.text import Text", "imports rich"),
        ("domain/x.py", "import os", "imports os"),
        ("domain/x.py", "from pathlib import Path", "imports pathlib"),
        ("domain/x.py", "from time import time", "imports time"),
        ("domain/x.py", "def f():\n    import subprocess", "imports subprocess"),
        ("domain/x.py", "import python_on_whales", "imports python_on_whales"),
        (
            "domain/x.py",
            "from openhqm_tui.store.paths import x",
            "imports openhqm_tui.store.paths",
        ),
        ("domain/x.py", "from ..run import runner", "imports openhqm_tui.run"),
        ("domain/x.py", "open('x')", "calls open"),
        ("domain/x.py", "import datetime\ndatetime.datetime.now()", "reads a clock with now"),
        (
            "store/x.py",
            "from openhqm_tui.engine.docker import facts",
            "imports openhqm_tui.engine.docker",
        ),
        ("engine/x.py", "import openhqm_tui.store.paths", "imports openhqm_tui.store.paths"),
        (
            "engine/x.py",
            "from openhqm_tui.run.follow import follower",
            "imports openhqm_tui.run.follow",
        ),
        ("run/x.py", "from textual import work", "imports textual"),
        ("run/x.py", "def f():\n    import rich", "imports rich"),
        ("run/x.py", "from openhqm_tui import cli", "imports openhqm_tui.cli"),
        ("cli/x.py", "from openhqm_tui.tui.app import App", "imports openhqm_tui.tui.app"),
        ("cli/x.py", "def f():\n    import openhqm_tui.tui", "imports openhqm_tui.tui"),
        (
            "cli/console.py",
            "from openhqm_tui.tui.app import App",
            "imports openhqm_tui.tui.app",
        ),
        (
            "cli/commands/serve.py",
            "def f():\n    import openhqm_tui.tui",
            "imports openhqm_tui.tui",
        ),
        (
            "cli/commands/serve.py",
            "import openhqm_tui.web.guard",
            "imports openhqm_tui.web.guard",
        ),
        (
            "domain/plan/x.py",
            "from openhqm_tui.domain.run import events",
            "imports openhqm_tui.domain.run",
        ),
        (
            "domain/history/x.py",
            "from openhqm_tui.domain.failures.failure import y",
            "imports openhqm_tui.domain.failures.failure",
        ),
        (
            "domain/text.py",
            "from openhqm_tui.domain.errors import Problem",
            "imports openhqm_tui.domain.errors",
        ),
        ("web/x.py", "from openhqm_tui.tui import app", "imports openhqm_tui.tui"),
        ("tui/deep/x.py", "from ...cli import build", "imports openhqm_tui.cli"),
        ("x.py", "from openhqm_tui.tui import app", "imports openhqm_tui.tui"),
        ("attic/x.py", "", "attic is not a layer"),
        ("domain/utils.py", "", "a meaningless name"),
        ("run/common/x.py", "", "a meaningless name"),
        ("run/x.py", "\n" * 601, "more than 600 lines"),
    ],
)
def test_a_forbidden_import_or_name_is_found(
    tmp_path: Path, place: str, text: str, problem: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert problems_of(tmp_path) == [f"{place}: {problem}"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("domain/x.py", "import re\nimport msgspec\nfrom openhqm_tui.domain import text"),
        ("domain/x.py", "import datetime\ndatetime.datetime.fromtimestamp(1)"),
        ("store/x.py", "import os\nfrom openhqm_tui.domain.plan import bake"),
        ("run/x.py", "from openhqm_tui.store import paths\nfrom openhqm_tui import __version__"),
        ("cli/console.py", "def run():\n    from openhqm_tui.tui.app import App"),
        ("cli/commands/serve.py", "def run():\n    from openhqm_tui.web.guard import Guard"),
        ("domain/history/x.py", "from openhqm_tui.domain.run.state import RunState"),
        ("tui/x.py", "import textual\nfrom openhqm_tui.run.follow import follower"),
        ("run/x.py", "\n" * 600),
    ],
)
def test_an_allowed_import_is_not_a_problem(tmp_path: Path, place: str, text: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert problems_of(tmp_path) == []


def loaded_by(program: str) -> set[str]:
    """Return the top-level modules that a new Python has loaded after a program."""
    code = f"import sys\n{program}\nsys.stderr.write(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in ran.stderr.split()}


def test_a_headless_build_never_loads_the_console() -> None:
    loaded = loaded_by(
        "from openhqm_tui.cli.commands import build, check, variants\n"
        "from openhqm_tui.cli.output import jsonl, plain\n"
        "from openhqm_tui.run.runner import __main__"
    )
    assert loaded & {"textual", "rich", "python_on_whales"} == set()
    assert "asyncio" in loaded, "the probe must see loaded modules"
