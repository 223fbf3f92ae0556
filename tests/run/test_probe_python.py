"""The probe in an image's own Python: which Python runs it, and modified or hidden clients."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenModule
from openhqm_tui.run.checks import container
from openhqm_tui.run.process import Ended

NONCE = "0123456789abcdef"


def run(*words: str, path: str = "", pythonpath: str = "") -> Ended:
    """Run the program as a container runs it, with this machine's Python."""
    ran = subprocess.run(
        [sys.executable, "-c", container.PROBE, NONCE, *words],
        env={"PATH": path or os.environ["PATH"], "PYTHONPATH": pythonpath},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)


def ask(*words: str, path: str = "", pythonpath: str = "") -> ProbeAnswer:
    ended = run(*words, path=path, pythonpath=pythonpath)
    answer = container.read_answer(ended, NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer), ended
    return answer


# -- the Python that runs a script ------------------------------------------------------------


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Create a folder with its own Python, which has another `sys.prefix`."""
    place = tmp_path / "venv"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    (place / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    return place


def script(place: Path, text: str, mode: int = 0o755) -> Path:
    place.write_text(text)
    place.chmod(mode)
    return place


@pytest.mark.parametrize(
    "text",
    [
        "#!{python}\nx",
        "#! {python} -I\nx",
        "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\nx",
        "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\nx",
        "#!/usr/bin/env python\nx",
        "#!/usr/bin/env -S python -I\nx",
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_the_python_of_a_console_script_runs_the_probe(
    text: str, linked: bool, venv: Path, tmp_path: Path
) -> None:
    python = venv / "bin" / "python"
    script(venv / "bin" / "serve", text.replace("{python}", str(python)))
    name = "serve"
    if linked:
        (tmp_path / "shortcut").symlink_to(venv / "bin" / "serve")
        name = str(tmp_path / "shortcut")
    answer = ask(f"scripts={name},80", path=f"{venv}/bin:/bin")
    assert answer.executable == str(python)


@pytest.mark.parametrize("text", ["#!/bin/sh\nx", "\x7fELF", "", "#!", "#!/usr/bin/perl\n"])
def test_other_programs_do_not_change_the_python(text: str, tmp_path: Path) -> None:
    script(tmp_path / "serve", text)
    script(tmp_path / "not-executable", f"#!{tmp_path}/python\n", 0o644)
    answer = ask(f"scripts={tmp_path}/serve,{tmp_path}/not-executable,nowhere")
    assert answer.executable == sys.executable


def test_a_script_whose_python_is_missing_is_reported(tmp_path: Path) -> None:
    script(tmp_path / "serve", "#!/no/such/python\n")
    ended = run(f"scripts={tmp_path}/serve")
    assert ended.code == 1
    message = f"/no/such/python, which runs {tmp_path}/serve, can't be started: No such file"
    assert message.encode() in ended.err


# -- installed files --------------------------------------------------------------------------


def install(place: Path, version: str = "7.4", **files: str) -> Path:
    """Install the distribution `acme-client` as pip does: package, metadata, RECORD."""
    info = f"acme_client-{version}.dist-info"
    contents = {
        "acme/__init__.py": "from acme import core",
        "acme/core.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: acme-client\nVersion: {version}\n\nText",
        **files,
    }
    lines = [f"{info}/RECORD,,", "acme/__pycache__/core.cpython-313.pyc,,"]
    for path, content in contents.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest())
        lines.append(f"{path},sha256={digest.decode().rstrip('=')},{len(content)}")
    (place / info / "RECORD").write_text("\n".join(lines) + "\n")
    return place / info


def seen(*places: Path) -> SeenModule:
    (client,) = ask("clients=acme-client=acme", pythonpath=":".join(map(str, places))).clients or []
    return client


def test_an_unmodified_client_is_found(tmp_path: Path) -> None:
    info = install(tmp_path)
    (tmp_path / "acme" / "core.pyc").write_bytes(b"")
    assert seen(tmp_path) == SeenModule("acme-client", "7.4", found=True)
    # Files deleted to save space, or a missing RECORD, are no error.
    install(tmp_path, **{"acme/tests/test_core.py": "1"})
    (tmp_path / "acme" / "tests" / "test_core.py").unlink()
    assert not seen(tmp_path).error
    (info / "RECORD").unlink()
    (tmp_path / "acme" / "core.py").write_text("changed = True")
    assert not seen(tmp_path).error


@pytest.mark.parametrize("version", ["1.0.0rc1", "2024.1.2", "1!2.0", "3.0+local.1"])
def test_versions_are_compared_regardless_of_spelling(version: str, tmp_path: Path) -> None:
    info = install(tmp_path, version.replace("+", "_"))
    metadata = (info / "METADATA").read_text().replace(version.replace("+", "_"), version)
    install(tmp_path, version.replace("+", "_"), **{f"{info.name}/METADATA": metadata})
    assert not seen(tmp_path).error


def test_a_stub_that_hides_a_client_is_reported(tmp_path: Path) -> None:
    install(tmp_path / "site")
    stub = tmp_path / "src" / "acme" / "__init__.py"
    stub.parent.mkdir(parents=True)
    stub.write_text("")
    stubbed = seen(tmp_path / "src", tmp_path / "site")
    assert stubbed.error == f"{stub} is imported instead of {tmp_path}/site/acme/__init__.py"
    # Metadata next to the stub doesn't make it the client.
    (tmp_path / "src" / "acme_client-99.dist-info").mkdir()
    assert seen(tmp_path / "src", tmp_path / "site").error == stubbed.error


def test_a_stub_of_one_module_of_a_client_is_reported(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "acme" / "__init__.py").write_text("__path__.insert(0, '/elsewhere')")
    assert seen(tmp_path).error == "acme/__init__.py doesn't match its hash in RECORD"
    install(
        tmp_path,
        **{"acme/__init__.py": f"__path__.insert(0, '{tmp_path}/other')\nimport acme.core"},
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "core.py").write_text("")
    assert seen(tmp_path).error.endswith(
        f"other/core.py is imported instead of {tmp_path}/acme/core.py"
    )


def test_metadata_with_a_wrong_version_is_reported(tmp_path: Path) -> None:
    info = install(tmp_path)
    text = (info / "METADATA").read_text()
    (info / "METADATA").write_text(text.replace("7.4", "9.9"))
    assert seen(tmp_path).error == "acme_client-7.4.dist-info declares version 9.9"
    (info / "METADATA").write_text(text.replace("Text", "Other"))
    assert (
        seen(tmp_path).error
        == "acme_client-7.4.dist-info/METADATA doesn't match its hash in RECORD"
    )
    (info / "METADATA").write_text(text)
    info.rename(tmp_path / "acme_client-9.9.dist-info")
    assert seen(tmp_path).error == "acme_client-9.9.dist-info declares version 7.4"


def test_metadata_that_hides_the_clients_metadata_is_reported(tmp_path: Path) -> None:
    install(tmp_path / "site")
    (tmp_path / "src" / "acme_client-99.dist-info").mkdir(parents=True)
    client = seen(tmp_path / "src", tmp_path / "site")
    assert (client.version, client.error) == (
        "99",
        "acme_client-99.dist-info shadows acme_client-7.4.dist-info, whose files are imported",
    )


def test_the_first_of_two_installations_counts(tmp_path: Path) -> None:
    install(tmp_path / "new", "8.0")
    install(tmp_path / "old", "7.4")
    assert seen(tmp_path / "new", tmp_path / "old") == SeenModule("acme-client", "8.0", found=True)


def test_files_in_a_linked_folder_are_no_error(tmp_path: Path) -> None:
    install(tmp_path / "cache")
    (tmp_path / "site").mkdir()
    for one in (tmp_path / "cache").iterdir():
        (tmp_path / "site" / one.name).symlink_to(one)
    assert not seen(tmp_path / "site").error
