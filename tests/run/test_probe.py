"""The probe, run by `python -c` as in a container, with made-up libraries on its path."""

from __future__ import annotations

import ctypes
import os
import platform
import py_compile
import sqlite3
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenModule
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.run.checks import container, probe
from openhqm_tui.run.process import Ended

NONCE = "0123456789abcdef"
_SUBREAPER = 36
IMPATIENT = container.PROBE.replace("MOMENT = 1.0", "MOMENT = 0.2").replace(
    "GRACE = 3.0", "GRACE = 0.3"
)


def library(place: Path, distribution: str, version: str, module: str, code: str = "") -> None:
    """Install a library of one module into a folder."""
    (place / f"{distribution.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)
    *packages, name = module.split(".")
    folder = place.joinpath(*packages)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(code)


def run(place: Path, *words: str, seconds: float = 60) -> Ended:
    """Run the program as a container runs it, with this machine's Python, but shorter timeouts."""
    ran = subprocess.run(
        [sys.executable, "-S", "-c", IMPATIENT, NONCE, *words],
        # Like process 1 of a container, it inherits processes whose parent has exited.
        preexec_fn=lambda: ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0),
        env={"PYTHONPATH": str(place), "PATH": os.environ["PATH"]},
        cwd=place,
        capture_output=True,
        check=False,
        timeout=seconds,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)


def ask(place: Path, clients: str = "", absent: str = "", *words: str) -> ProbeAnswer:
    ended = run(place, f"clients={clients}", f"absent={absent}", *words)
    answer = container.read_answer(ended, NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer), answer
    return answer


def clients_of(place: Path, clients: str) -> list[SeenModule]:
    return ask(place, clients).clients or []


def test_the_probe_reports_this_python(tmp_path: Path) -> None:
    answer = ask(tmp_path)
    assert answer.machine == platform.machine()
    assert answer.implementation == platform.python_implementation()
    assert answer.python == platform.python_version().partition("+")[0]
    assert answer.python_platform == sysconfig.get_platform()
    assert answer.uid == os.getuid()
    assert (answer.clients, answer.absent) == ([], [])


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
def test_a_library_that_fails_to_import_is_reported(tmp_path: Path, code: str, error: str) -> None:
    library(tmp_path, "redis", "7.4", "redis", code)
    (seen,) = clients_of(tmp_path, "redis=redis")
    assert (seen.version, seen.found) == ("7.4", False)
    assert seen.error.startswith(error)
    assert len(seen.error) <= 200


def test_a_missing_library_is_reported(tmp_path: Path) -> None:
    (seen,) = clients_of(tmp_path, "redis=redis")
    assert (seen.version, seen.found) == ("", False)
    assert "No module named 'redis'" in seen.error


def distribution(
    place: Path, name: str, files: dict[str, str], *, record: str = "RECORD", more: str = ""
) -> None:
    """Install a distribution and record its files as an installer does."""
    info = (
        place / f"{name.replace('-', '_')}-1.0.{'dist-info' if record == 'RECORD' else 'egg-info'}"
    )
    info.mkdir(parents=True)
    for file, text in files.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(text)
    if record == "RECORD":
        listed = [f"{file},," for file in files]
        (info / record).write_text("\n".join([*listed, "../../../bin/x,,", '"a b,c.py",,']))
    elif record == "installed-files.txt":
        (info / record).write_text("\n".join(f"../{file}" for file in files))
    if more:
        (info / "top_level.txt").write_text(more)


NOPE = "import nope"
GOOD, BROKEN, WITHOUT = "found", "ZeroDivisionError", "No module named 'nope'"


@pytest.mark.parametrize(
    ("name", "files", "result"),
    [
        ("redis", {"redis/__init__.py": ""}, GOOD),
        ("redis", {"redis/__init__.py": "1/0"}, BROKEN),
        ("redis", {"redis/__init__.py": NOPE}, WITHOUT),
        ("six", {"six.py": ""}, GOOD),
        ("six", {"six.py": "1/0"}, BROKEN),
        # Named differently from the distribution; tests and examples aren't imported.
        ("PyYAML", {"yaml/__init__.py": "", "_yaml/__init__.py": "1/0"}, GOOD),
        ("beautifulsoup4", {"bs4/__init__.py": "", "tests/__init__.py": "1/0"}, GOOD),
        ("nats-py", {"nats/__init__.py": "", "examples/demo.py": "1/0"}, GOOD),
        ("x", {"a/__init__.py": "", "b/__init__.py": NOPE}, GOOD),
        ("x", {"a/__init__.py": "", "b/__init__.py": "1/0"}, BROKEN),
        # Namespaces, with and without an `__init__`.
        ("google-cloud-pubsub", {"google/cloud/pubsub/__init__.py": "",
                                 "google/pubsub/__init__.py": "1/0"}, GOOD),
        ("google-cloud-pubsub", {"google/cloud/pubsub/__init__.py": "1/0"}, BROKEN),
        ("azure-x", {"azure/__init__.py": "", "azure/x/__init__.py": "1/0"}, BROKEN),
        # An `__init__` without imports is not enough.
        ("paho-mqtt", {"paho/__init__.py": "", "paho/mqtt/__init__.py": "",
                       "paho/mqtt/client.py": "1/0"}, BROKEN),
        ("paho-mqtt", {"paho/__init__.py": "", "paho/mqtt/__init__.py": "from . import client",
                       "paho/mqtt/client.py": "", "paho/mqtt/other.py": "1/0"}, GOOD),
        ("stubs", {"stubs/__init__.pyi": "", "stubs/py.typed": ""}, GOOD),
    ],
)  # fmt: skip
@pytest.mark.parametrize("record", ["RECORD", "installed-files.txt"])
def test_a_distributions_own_modules_are_imported(
    tmp_path: Path, name: str, files: dict[str, str], result: str, record: str
) -> None:
    distribution(tmp_path, name, files, record=record)
    (seen,) = clients_of(tmp_path, f"{name}=*")
    assert (seen.version, seen.found) == ("1.0", result is GOOD)
    assert result is GOOD or result in seen.error


def test_distributions_without_recorded_files_are_imported_by_name(tmp_path: Path) -> None:
    distribution(tmp_path, "old", {"older.py": ""}, record="", more="older\n")
    distribution(tmp_path, "plain", {"plain.py": ""}, record="")
    distribution(tmp_path, "unclear", {"other.py": ""}, record="")
    distribution(tmp_path, "editable", {"__editable___finder.py": ""}, more="real\n")
    old, plain, unclear, editable, missing = clients_of(
        tmp_path, "old=*,plain=*,unclear=*,editable=*,missing=*"
    )
    assert (old.found, plain.found) == (True, True)
    assert unclear == SeenModule("unclear", "1.0"), "whether it works is unknown"
    assert "No module named 'real'" in editable.error
    assert missing == SeenModule("missing")


def test_the_requirers_of_an_unwanted_client_are_reported(tmp_path: Path) -> None:
    head = "Metadata-Version: 2.1\nRequires-Dist: "
    for name, text in {
        "redis": "x",
        "celery": f"{head}kombu[redis]>=5\n\nRequires-Dist: redis",
        "kombu": f"{head}redis>=4 ; extra == 'redis'\nRequires-Dist: vine",
        "vine": f"{head}celery",
        "alone": f"{head}redis-extra",
    }.items():
        distribution(tmp_path, name, {})
        (tmp_path / f"{name}-1.0.dist-info" / "METADATA").write_text(text)
    answer = ask(tmp_path, "", "redis=redis")
    assert answer.requires == {
        "kombu": ["redis>=4 ; extra == 'redis'", "vine"],
        "celery": ["kombu[redis]>=5"],
        "vine": ["celery"],
    }
    assert ask(tmp_path, "", "boto3=boto3").requires == {}


def test_absent_modules_are_looked_for_but_never_imported(tmp_path: Path) -> None:
    library(tmp_path, "aiokafka", "0.12", "aiokafka", "raise SystemExit('was run')")
    (tmp_path / "boto3").mkdir()
    assert ask(tmp_path, "", "aiokafka=aiokafka,boto3=boto3,redis=redis").absent == [
        SeenModule("aiokafka", "0.12", found=True),
        SeenModule("boto3", "", found=True),
        SeenModule("redis", "", found=False),
    ]


def test_output_of_a_library_does_not_mix_with_the_results(tmp_path: Path) -> None:
    noise = f"import sys\nprint('{probe.MARK}{{}}')\nprint('noise', file=sys.stderr)"
    library(tmp_path, "redis", "7.4", "redis", noise)
    assert ask(tmp_path, "redis=redis").clients == [SeenModule("redis", "7.4", found=True)]


def test_a_leftover_thread_does_not_block_the_probe(tmp_path: Path) -> None:
    code = "import threading\nthreading.Thread(target=threading.Event().wait).start()"
    library(tmp_path, "redis", "7.4", "redis", code)
    assert clients_of(tmp_path, "redis=redis")[0].found


def test_modules_of_the_standard_library_are_tried_out(tmp_path: Path) -> None:
    answer = ask(tmp_path, "", "", "library=ssl,sqlite3,ctypes,zoneinfo,bz2,nope")
    found = {seen.distribution: seen for seen in answer.library or ()}
    assert all(found[name].found for name in ("ssl", "sqlite3", "ctypes", "zoneinfo", "bz2"))
    assert found["ssl"].version == ssl.OPENSSL_VERSION.split()[1]
    assert found["sqlite3"].version == sqlite3.sqlite_version
    assert "No module named 'nope'" in found["nope"].error


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("sqlite3", "def connect(_): raise OSError('disk I/O error')"),
        ("ctypes", "class CDLL:\n def __init__(self, _): self.getpid = lambda: -1"),
        ("ssl", "PROTOCOL_TLS_CLIENT = 1"),
        ("zoneinfo", "raise ImportError('x')"),
    ],
)
def test_a_library_that_loads_but_does_not_work_is_reported(
    tmp_path: Path, module: str, code: str
) -> None:
    (tmp_path / f"{module}.py").write_text(code)
    (seen,) = ask(tmp_path, "", "", f"library={module}").library or []
    assert not seen.found
    assert seen.error


def test_compiled_modules_are_reported_with_their_platform(tmp_path: Path) -> None:
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    file = shared_object()
    package = tmp_path / "core"
    package.mkdir()
    (package / "__init__.py").write_text(f"from . import {file.name.partition('.')[0]}")
    (package / f"{file.name.partition('.')[0]}{suffix}").symlink_to(file)
    (tmp_path / "plain.py").write_text("")
    answer = ask(tmp_path, "", "", "modules=core,plain,nope")
    core, plain, nope = answer.extensions or []
    assert answer.ext_suffix == suffix
    assert core == SeenModule("core", suffix, found=True)
    assert "no compiled module was loaded" in plain.error
    assert "No module named" in nope.error


def shared_object() -> Path:
    """Return a compiled module of this Python's library."""
    folder = Path(str(sysconfig.get_config_var("DESTSHARED")))
    return next(iter(sorted(folder.glob("_b*.so")) or sorted(folder.glob("_*.so"))))


def test_missing_or_stale_byte_code_is_reported(tmp_path: Path) -> None:
    for name in ("good", "bare", "stale", "trusted"):
        (tmp_path / name).mkdir()
        source = tmp_path / name / "__init__.py"
        source.write_text("")
        if name != "bare":
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            mode = unchecked if name == "trusted" else py_compile.PycInvalidationMode.TIMESTAMP
            py_compile.compile(str(source), invalidation_mode=mode)
    for name in ("stale", "trusted"):
        os.utime(tmp_path / name / "__init__.py", (1, 1))
    seen = ask(tmp_path, "", "", "byte_code=yes").byte_code
    assert seen is not None
    assert {"bare", "stale"} <= set(seen.names)
    assert not {"good", "trusted"} & set(seen.names)
    assert seen.missing >= len(seen.names)
    assert ask(tmp_path).byte_code is None, "reported only on request"


@pytest.mark.parametrize(
    ("code", "answer", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", Answer.FAIL, "Python crashed (signal 11)"),
        ("import os; os._exit(3)", Answer.FAIL, "Python exited with code 3"),
        (
            "import threading; threading.Event().wait()",
            Answer.FAIL,
            "Python did not finish the checks within 1 s",
        ),
    ],
)
def test_earlier_results_survive_a_crash_or_a_hang(
    tmp_path: Path, code: str, answer: Answer, reason: str
) -> None:
    library(tmp_path, "redis", "7.4", "redis", code)
    found = ask(tmp_path, "redis=redis", "boto3=boto3", "library=ssl", "patience=1")
    assert found.clients is None
    assert (found.absent, found.library) != (None, None)
    assert found.trouble is not None
    assert (found.trouble.answer, found.trouble.reason) == (answer, reason)


def test_only_lines_with_the_nonce_count(tmp_path: Path) -> None:
    line = f'{probe.MARK}{{"uid":77}}'
    forged = f"import os\nos.write(1, {line.encode()!r} + b'\\n')\nos.write(1, b'x')"
    library(tmp_path, "redis", "7.4", "redis", forged)
    ended = run(tmp_path, "clients=redis=redis")
    assert b'"uid":77}' not in ended.out, "output of a library doesn't count"
    assert b'"uid":77}' in ended.err


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("Paho_MQTT-2.1.dist-info", "paho-mqtt", "2.1"),
        ("google.cloud.pubsub-2.3.dist-info", "google-cloud-pubsub", "2.3"),
        ("redis-4.0-py3.13.egg-info", "redis", "4.0"),
        ("redis_extra-1.0.dist-info", "redis", ""),
        ("redis.dist-info.bak", "redis", ""),
    ],
)
def test_versions_are_found_under_any_spelling_of_a_name(
    tmp_path: Path, folder: str, name: str, version: str
) -> None:
    (tmp_path / folder).mkdir()
    (seen,) = ask(tmp_path, "", f"{name}=nope").absent or []
    assert seen.version == version


_VALUES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES)
@settings(deadline=None, max_examples=100)
def test_the_probes_json_is_valid_and_on_one_line(value: object) -> None:
    text = probe.as_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert msgspec.json.decode(text) == _narrowed(value)


def _narrowed(value: object) -> object:
    """Return a value as the probe writes it: characters beyond 16 bits become U+FFFD."""
    if isinstance(value, dict):
        return {_narrowed(k): _narrowed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_narrowed(v) for v in value]
    if isinstance(value, str):
        return "".join(c if ord(c) < 0xFFFD else "\ufffd" for c in value)
    return value


def test_the_probe_loads_few_modules() -> None:
    """Each module of the standard library costs up to a second under emulation."""
    also = "tell({'loaded': ' '.join(sys.modules)})"
    program = container.PROBE.replace('    tell({"clients"', f'    {also}\n    tell({{"clients"')
    assert also in program
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program, NONCE, "service=1,200,0,0,any,/", "--", "true"],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [line for line in ran.stdout.splitlines() if '"loaded"' in line]
    loaded = set(msgspec.json.decode(line.partition(NONCE)[2])["loaded"].split())
    assert "sysconfig" in loaded
    assert not loaded & {"json", "importlib.metadata", "platform", "re", "typing", "email"}
    # Since Python 3.13, sysconfig itself loads threading.
    program = "import sys, sysconfig; print(*sys.modules)"
    needed = subprocess.check_output([sys.executable, "-S", "-c", program], text=True).split()
    costly = {"socket", "selectors", "subprocess", "signal", "threading", "enum"}
    assert not (loaded - set(needed)) & costly
