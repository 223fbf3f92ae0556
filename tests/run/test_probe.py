"""The probe, run as it is in a container: by `python -c`, on a path with made-up libraries."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.proof_running import ProbeAnswer, SeenModule
from openhqm_tui.run import probe, running_checks
from openhqm_tui.run.processes import Ended


def library(place: Path, distribution: str, version: str, module: str, code: str = "") -> None:
    """Install a library of one module into a folder."""
    (place / f"{distribution.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)
    *packages, name = module.split(".")
    folder = place.joinpath(*packages)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(code)


def ask(place: Path, clients: str = "", absent: str = "") -> ProbeAnswer:
    program = Path(probe.__file__).read_text(encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program, clients, absent],
        env={"PYTHONPATH": str(place), "PATH": os.environ["PATH"]},
        cwd=place,
        capture_output=True,
        check=True,
    )
    said = running_checks.read_answer(Ended(0, ran.stdout, ran.stderr), patience=1, emulated=False)
    assert isinstance(said, ProbeAnswer), said
    return said


def test_it_tells_of_this_python(tmp_path: Path) -> None:
    said = ask(tmp_path)
    assert said.machine == platform.machine()
    assert said.implementation == platform.python_implementation()
    assert said.python == platform.python_version().partition("+")[0]
    assert said.python_platform == sysconfig.get_platform()
    assert said.uid == os.getuid()
    assert (said.clients, said.absent) == ([], [])


def test_a_library_that_can_be_imported_is_found(tmp_path: Path) -> None:
    library(tmp_path, "azure-eventhub", "5.1", "azure.eventhub")
    assert ask(tmp_path, "azure-eventhub=azure.eventhub").clients == [
        SeenModule("azure-eventhub", "5.1", found=True)
    ]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import nope", "ModuleNotFoundError(\"No module named 'nope'\")"),
        ("1/0", "ZeroDivisionError('division by zero')"),
        ("raise SystemExit(3)", "SystemExit(3)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt()"),
        ("raise ImportError('\\x1b]52;c;x\\x07 é 漢 \"')", "ImportError('"),
        ("syntax error", "SyntaxError("),
        ("raise ImportError('x' * 10_000)", "ImportError('xxx"),
    ],
)
def test_a_library_that_breaks_on_import_is_not(tmp_path: Path, code: str, error: str) -> None:
    library(tmp_path, "redis", "7.4", "redis", code)
    (seen,) = ask(tmp_path, "redis=redis").clients
    assert (seen.version, seen.found) == ("7.4", False)
    assert seen.error.startswith(error)
    assert len(seen.error) <= 200


def test_a_library_that_isnt_there_is_said_to_be_so(tmp_path: Path) -> None:
    (seen,) = ask(tmp_path, "redis=redis").clients
    assert (seen.version, seen.found) == ("", False)
    assert "No module named 'redis'" in seen.error


def test_what_must_be_absent_is_looked_for_but_never_run(tmp_path: Path) -> None:
    library(tmp_path, "aiokafka", "0.12", "aiokafka", "raise SystemExit('was run')")
    (tmp_path / "boto3").mkdir()
    assert ask(tmp_path, "", "aiokafka=aiokafka,boto3=boto3,redis=redis").absent == [
        SeenModule("aiokafka", "0.12", found=True),
        SeenModule("boto3", "", found=True),
        SeenModule("redis", "", found=False),
    ]


def test_what_a_library_prints_doesnt_mix_with_the_answer(tmp_path: Path) -> None:
    noise = f"import sys\nprint('{probe.MARK}{{}}')\nprint('noise', file=sys.stderr)"
    library(tmp_path, "redis", "7.4", "redis", noise)
    assert ask(tmp_path, "redis=redis").clients == [SeenModule("redis", "7.4", found=True)]


def test_a_thread_left_behind_doesnt_hold_it_up(tmp_path: Path) -> None:
    code = "import threading\nthreading.Thread(target=threading.Event().wait).start()"
    library(tmp_path, "redis", "7.4", "redis", code)
    assert ask(tmp_path, "redis=redis").clients[0].found


@pytest.mark.parametrize(
    ("folder", "asked", "version"),
    [
        ("Paho_MQTT-2.1.dist-info", "paho-mqtt", "2.1"),
        ("google.cloud.pubsub-2.3.dist-info", "google-cloud-pubsub", "2.3"),
        ("redis-4.0-py3.13.egg-info", "redis", "4.0"),
        ("redis_extra-1.0.dist-info", "redis", ""),
        ("redis.dist-info.bak", "redis", ""),
    ],
)
def test_versions_by_any_spelling_of_a_name(
    tmp_path: Path, folder: str, asked: str, version: str
) -> None:
    (tmp_path / folder).mkdir()
    (seen,) = ask(tmp_path, "", f"{asked}=nope").absent
    assert seen.version == version


_VALUES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES)
@settings(deadline=None, max_examples=100)
def test_its_own_json_is_json_on_one_line(value: object) -> None:
    text = probe.as_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert msgspec.json.decode(text) == _narrowed(value)


def _narrowed(value: object) -> object:
    """Return a value as the probe tells it: what is beyond 16 bits becomes U+FFFD."""
    if isinstance(value, dict):
        return {_narrowed(k): _narrowed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_narrowed(v) for v in value]
    if isinstance(value, str):
        return "".join(c if ord(c) < 0xFFFD else "\ufffd" for c in value)
    return value


def test_it_loads_next_to_nothing() -> None:
    """Each module of the standard library costs up to a second under emulation."""
    program = Path(probe.__file__).read_text(encoding="utf-8")
    told = program.replace("os._exit(0)", "out.write(' '.join(sys.modules)); out.flush()")
    ran = subprocess.run(
        [sys.executable, "-S", "-c", told, "", ""], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split("\n")[1].split())
    assert "sysconfig" in loaded
    assert not loaded & {"json", "importlib.metadata", "platform", "re", "typing", "email"}
