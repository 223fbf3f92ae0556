"""The package as users get it: built once and installed once into a new environment."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from uv import find_uv_bin

from tests.package import debian_python
from tests.package.installed import Built, Console, Installed
from tests.pythons import find_python, is_required
from tests.real.conftest import remove_images as remove_images

ROOT = Path(__file__).parents[2]
ConsoleOn = Callable[[str], Console]
_LOCALE = {"LANG": "C.UTF-8"}
_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution, the wheel, and a wheel built from the former."""
    place = _of_all_workers(tmp_path_factory) / "package"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "built").exists():
            _build(ROOT, place / "dist")
            (sdist,) = (place / "dist").glob("*.tar.gz")
            with tarfile.open(sdist) as archive:
                # 3.11.0 to 3.11.3 have no filters, and 3.12 and 3.13 warn without one.
                if hasattr(tarfile, "data_filter"):
                    archive.extraction_filter = tarfile.data_filter
                archive.extractall(place / "unpacked")
            (source,) = (place / "unpacked").iterdir()
            _build(source, place / "again", "wheel")
            (place / "built").touch()
    (wheel,) = (place / "dist").glob("*.whl")
    (sdist,) = (place / "dist").glob("*.tar.gz")
    (again,) = (place / "again").glob("*.whl")
    (source,) = (place / "unpacked").iterdir()
    return Built(wheel=wheel, sdist=sdist, source=source, wheel_of_source=again)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in its own environment, with only its dependencies."""
    place = _of_all_workers(tmp_path_factory) / "package"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = place / "venv"
        if not (place / "installed").exists():
            _install(environment, sys.executable, built.wheel, place)
            (place / "installed").touch()
    return Installed(environment)


@pytest.fixture(scope="session")
def console_on(built: Built, tmp_path_factory: pytest.TempPathFactory) -> ConsoleOn:
    """Return a function that installs the wheel on one Python, or skips with the reason."""
    place = _of_all_workers(tmp_path_factory) / "package"

    def console_on(version: str) -> Console:
        python = find_python(version)
        if python is None:
            return _in_debian(version, built, place)
        own = place / version
        own.mkdir(exist_ok=True)
        with (own / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (own / "installed").exists():
                _install(own / "venv", str(python), built.wheel, own)
                (own / "installed").touch()
        home = own / "home"
        home.mkdir(exist_ok=True)
        command = (str(own / "venv/bin/openhqm-tui"),)
        return Console(command, {"HOME": str(home), "PATH": str(own / "venv/bin"), **_LOCALE})

    return console_on


@pytest.fixture(scope="session")
def console_on_lowest(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Console:
    """The console with the lowest versions of its direct dependencies, including all extras."""
    place = tmp_path_factory.mktemp("lowest")
    environment, uv = place / "venv", find_uv_bin()
    python = ("--quiet", "--python", str(environment / "bin/python"))
    lowest = ("--resolution", "lowest-direct", "--requirements", str(ROOT / "pyproject.toml"))
    _ran(uv, "venv", "--quiet", "--python", sys.executable, str(environment), cwd=place)
    _ran(uv, "pip", "install", *python, *lowest, "--all-extras", cwd=place)
    _ran(uv, "pip", "install", *python, "--no-deps", str(built.wheel), cwd=place)
    (place / "home").mkdir()
    variables = {"HOME": str(place / "home"), "PATH": str(environment / "bin"), **_LOCALE}
    return Console((str(environment / "bin/openhqm-tui"),), variables)


def missing(version: str, reason: str) -> NoReturn:
    """Fail if this Python is required, otherwise skip."""
    message = f"no Python {version} on this machine: {reason}"
    if is_required(version):
        pytest.fail(message)
    pytest.skip(message)


def _in_debian(version: str, built: Built, place: Path) -> Console:
    reason = (
        debian_python.why_unavailable() if version == debian_python.VERSION else "not installed"
    )
    if reason:
        missing(version, reason)
    own = place / "debian"
    own.mkdir(exist_ok=True)
    with (own / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        enter = debian_python.enter(own / "root")
        if not (own / "installed").exists():
            debian_python.make(own / "root")
            _install(Path("/opt/venv"), f"python{version}", built.wheel, own / "root", *enter)
            (own / "installed").touch()
    command = (*enter, "/opt/venv/bin/openhqm-tui")
    return Console(command, {"HOME": "/root", "PATH": _SYSTEM, **_LOCALE})


def _install(environment: Path, python: str, wheel: Path, place: Path, *enter: str) -> None:
    """Install a wheel with the versions of the lock into a new environment.

    Files are copied to `place`, which is `/` for commands that start with `enter`.
    """
    # Without hashes, because the lock has none for the wheel.
    pins = re.findall(r"^[\w.-]+==[^\s\\]+[^\\\n]*", (ROOT / "requirements.lock").read_text(), re.M)
    (place / "pins").write_text("\n".join(pins))
    uv = find_uv_bin()
    for file in (str(wheel), *([uv] if enter else [])):
        shutil.copy(file, place)
    visible = Path("/") if enter else place
    own_uv = (*enter, "/uv") if enter else (uv,)
    _ran(*own_uv, "venv", "--quiet", "--python", python, str(environment), cwd=place)
    words = ("--quiet", "--python", str(environment / "bin/python"))
    pinned = ("--constraint", str(visible / "pins"), str(visible / wheel.name))
    _ran(*own_uv, "pip", "install", *words, *pinned, cwd=place)


def _build(source: Path, place: Path, *targets: str) -> None:
    chosen = [word for target in targets for word in ("--target", target)]
    _ran(sys.executable, "-m", "hatchling", "build", "--directory", str(place), *chosen, cwd=source)


def _ran(*words: str, cwd: Path) -> None:
    # uv trusts the certificates of this machine, as pip does.
    environment = {**os.environ, "UV_NATIVE_TLS": "1", "UV_NO_PROGRESS": "1"}
    ran = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _of_all_workers(factory: pytest.TempPathFactory) -> Path:
    """Return a folder shared by the processes of a test run."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
