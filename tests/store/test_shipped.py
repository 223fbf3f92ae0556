"""The bundled recording has no data of the machine that recorded it."""

from __future__ import annotations

import base64
import configparser
import getpass
import json
import os
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhqm_tui.store.paths import bundled

LOCAL_ADDRESSES = {b"127.0.0.1", b"0.0.0.0"}
# Hosts that a build of public images names. The last one is a Python module.
KNOWN_HOSTS = {"docker.io", "github.com", "google.cloud"}
_HOST = re.compile(rb"\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|cloud|local|internal|lan|test)\b")
_ADDRESS = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_TOKEN = re.compile(
    rb"gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{20,}\.|://[^/\s:@]+:[^/\s@]+@"
    rb"|-----BEGIN|(?i:password|passwd|secret|token)=[^,\s]",
)
_HOME = re.compile(rb"/(?:home|Users)/([A-Za-z0-9_.-]+)")


def texts_with_files() -> Iterator[tuple[str, bytes]]:
    """Yield every text in the recording, decoded, with the name of its file."""
    with zipfile.ZipFile(bundled("recording.zip")) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            yield name, data
            for line in data.splitlines() if name.endswith(".rawjson") else ():
                record = json.loads(line) if line.startswith(b"{") else {}
                for log in record.get("logs") or ():
                    yield name, base64.b64decode(log.get("data") or "")
                for warning in record.get("warnings") or ():
                    yield name, base64.b64decode(warning.get("short") or "")


def own_hosts() -> set[str]:
    """Return the hosts that this machine gets packages from, and its own names."""
    found = {socket.gethostname()}
    pip = [
        Path("/etc/pip.conf"),
        Path.home() / ".config/pip/pip.conf",
        Path.home() / ".pip/pip.conf",
    ]
    for file in pip:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file)
        except (OSError, configparser.Error):
            continue
        for section in parser.sections():
            for _, value in parser.items(section):
                found |= set(re.findall(r"://(?:[^/\s@]*@)?([^/\s:]+)", value))
    for variable, value in os.environ.items():
        if re.search(r"INDEX|PROXY|REGISTRY|MIRROR", variable, re.I):
            found |= set(re.findall(r"://(?:[^/\s@]*@)?([^/\s:]+)", value))
    for file in (*Path("/etc/apt").rglob("*.list"), *Path("/etc/apt").rglob("*.sources")):
        text = file.read_text(errors="replace")
        found |= set(re.findall(r"^\s*(?:deb|URIs:).*?://([^/\s:]+)", text, re.M))
    return {host for host in found if "." in host and host not in KNOWN_HOSTS}


def test_the_scan_includes_the_logs():
    texts = [text for _, text in texts_with_files()]
    assert any(b"Installed" in text and b"packages in" in text for text in texts)
    assert len(texts) > 500


def test_the_recording_names_only_public_hosts():
    for name, text in texts_with_files():
        hosts = {host.decode() for host in _HOST.findall(text)}
        assert hosts <= KNOWN_HOSTS, name
        assert set(_ADDRESS.findall(text)) <= LOCAL_ADDRESSES, name


def test_the_recording_names_no_host_of_this_machine():
    hosts = own_hosts()
    for name, text in texts_with_files():
        words = set(re.findall(rb"[A-Za-z0-9.-]+", text))
        assert not [host for host in hosts if host.encode() in words], name


def test_the_recording_names_no_user_and_no_local_path():
    here = str(Path(__file__).resolve().parent.parent.parent).encode()
    user = getpass.getuser()
    for name, text in texts_with_files():
        assert {who.decode() for who in _HOME.findall(text)} <= {"dev"}, name
        assert here not in text, name
        assert b"/tmp/" not in text, name
        assert b"openhqm-tui-record" not in text, name
        assert user in {"root", "dev"} or user.encode() not in text, name


def test_the_recording_has_no_token():
    for name, text in texts_with_files():
        assert not _TOKEN.findall(text), name


@pytest.mark.parametrize(
    "text",
    [
        b"https://user:pw@host/simple",
        b"ghp_0123456789abcdefghij0123",
        b"-----BEGIN PRIVATE KEY-----",
        b"TOKEN=abc",
    ],
)
def test_a_token_would_be_found(text):
    assert _TOKEN.findall(text)


def test_the_recording_is_small():
    assert bundled("recording.zip").stat().st_size < 300_000
