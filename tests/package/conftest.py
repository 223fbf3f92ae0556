"""The package as a user gets it: built once, and installed once into a fresh environment."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

from tests.package.installed import Built, Installed
from tests.real.conftest import remove_images as remove_images

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution and the wheel, and a wheel made of the unpacked former."""
    place = _of_all_workers(tmp_path_factory) / "package"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "built").exists():
            _build(ROOT, place / "dist")
            (sdist,) = (place / "dist").glob("*.tar.gz")
            with tarfile.open(sdist) as archive:
                archive.extractall(place / "unpacked", filter="data")
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
    """The wheel in an environment of its own, with what it depends on and nothing else."""
    place = _of_all_workers(tmp_path_factory) / "package"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = place / "venv"
        if not (place / "installed").exists():
            venv.create(environment, with_pip=True)
            # The versions of the lock, without its hashes: the wheel can have none in it.
            pins = re.findall(
                r"^[\w.-]+==[^\s\\]+[^\\\n]*", (ROOT / "requirements.lock").read_text(), re.M
            )
            (place / "pins").write_text("\n".join(pins))
            words = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            pinned = ("--constraint", str(place / "pins"), str(built.wheel))
            _ran(str(environment / "bin" / "python"), *words, *pinned, cwd=place)
            (place / "installed").touch()
    return Installed(environment)


def _build(source: Path, place: Path, *targets: str) -> None:
    chosen = [word for target in targets for word in ("--target", target)]
    _ran(sys.executable, "-m", "hatchling", "build", "--directory", str(place), *chosen, cwd=source)


def _ran(*words: str, cwd: Path) -> None:
    ran = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _of_all_workers(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the processes of one run of the tests share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
