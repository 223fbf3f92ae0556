"""The headline and the fix of recorded failures (`python -m tests.record_failures`)."""

from __future__ import annotations

import re

import pytest

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder
from openhqm_tui.domain.failures.failure import Failure, failure_of
from tests.domain.test_failures import failing
from tests.recordings import HERE

FAILURES = HERE / "failures"


def recorded(name: str) -> Failure:
    """Return the summary of a recorded failure."""
    decoder = StreamDecoder()
    data = (FAILURES / f"{name}.rawjson").read_bytes()
    platform = "linux/arm64" if name.startswith("qemu") else "linux/amd64"
    records = [*decoder.feed(data), *decoder.close()]
    failure = failure_of(failing(*records, platforms=(platform,)))
    assert failure is not None
    return failure


MEMORY = "ran out of memory"
PROXY = "probably because a proxy intercepts TLS"
HEADLINES = {
    "apt-host": (
        "Failed to fetch http://deb.invalid/debian/dists/trixie/InRelease Could not resolve"
        " 'deb.invalid'",
        "",
    ),
    "apt-missing": ("E: Unable to locate package openhqm-no-such-package", ""),
    "apt-version": ("E: Version '1.0' for 'curl' was not found", ""),
    "buildkit-argument": ("dockerfile parse error on line 2: unknown flag: --nosuch", ""),
    "buildkit-copy": ('"/nosuch.txt": not found', ".dockerignore"),
    "buildkit-image": (
        "failed to resolve source metadata for localhost:5999/nosuch:1: failed to do request: Head"
        ' "https://localhost:5999/v2/nosuch/manifests/1": dial tcp 127.0.0.1:5999: connect:'
        " connection refused",
        "can't be pulled over the network",
    ),
    "buildkit-stage": (
        "failed to resolve source metadata for docker.io/library/builder:latest: failed to do"
        ' request: Head "https://mirror.example/v2/library/builder/manifests/latest": dial tcp:'
        " lookup registry-1.docker.io on mirror.example:53: no such host",
        "can't be pulled over the network",
    ),
    "buildkit-syntax": (
        "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
        "",
    ),
    "cargo-compile": ("error[E0425]: cannot find value `total` in this scope", ""),
    "cargo-panic": (
        "thread 'main' panicked at build.rs:2:45: OPENSSL_DIR must be set: NotPresent",
        "",
    ),
    "cmake-build": (
        "/app/main.cpp:2:47: error: ‘class std::vector<int>’ has no member named ‘length’",
        "",
    ),
    "cmake-package": (
        "CMake Error at /usr/share/cmake-3.31/Modules/FindPackageHandleStandardArgs.cmake:233"
        " (message): Could NOT find LibXml2 (missing: LIBXML2_LIBRARY LIBXML2_INCLUDE_DIR)",
        "",
    ),
    "curl-certificate": (
        "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
        PROXY,
    ),
    "curl-status": ("curl: (22) The requested URL returned error: 404", ""),
    "exec-format": ("exec /bin/tool: exec format error", "different platform than linux/amd64"),
    "exec-format-shell": (
        "/bin/sh: 1: tool: Exec format error",
        "different platform than linux/amd64",
    ),
    "git-missing": ("fatal: '/src/app' does not appear to be a git repository", ""),
    "go-compile": ("./main.go:6:14: undefined: total", ""),
    "go-test": ("sum_test.go:9: sum is 2, expected 3", ""),
    "linker-library": ("/usr/bin/ld: cannot find -lxml2: No such file or directory", ""),
    "linker-reference": ("main.c:(.text+0x5): undefined reference to `total'", ""),
    "make-compile": (
        "main.c:1:25: error: ‘total’ undeclared (first use in this function)",
        "",
    ),
    "make-rule": ("make: *** No rule to make target 'install'. Stop.", ""),
    "memory-fork": ("OSError: [Errno 12] Cannot allocate memory", MEMORY),
    "memory-killed": ("the step was killed, probably out of memory", "--jobs 1"),
    "memory-limit": ("virtual memory exhausted: Cannot allocate memory", MEMORY),
    "memory-python": ("MemoryError", MEMORY),
    "npm-certificate": (
        "npm ERR! request to https://mirror.example/left-pad failed, reason: self-signed"
        " certificate in certificate chain",
        PROXY,
    ),
    "npm-lock": (
        "npm ERR! The `npm ci` command can only install with an existing package-lock.json or"
        " npm-shrinkwrap.json with lockfileVersion >= 1. Run an install with npm@5 or later to"
        " generate a package-lock.json file, then try again.",
        "",
    ),
    "npm-missing": (
        "npm ERR! 404 Not Found - GET https://mirror.example/openhqm-no-such-package",
        "",
    ),
    "npm-script": ("TypeError: Cannot read properties of undefined (reading 'name')", ""),
    "npm-typescript": (
        "index.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.",
        "",
    ),
    "pip-certificate": (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"
        " failed: self-signed certificate in certificate chain (_ssl.c:1029)'))",
        PROXY,
    ),
    "pip-host": (
        "connection broken by 'NewConnectionError('Failed to establish a new connection: [Errno -2]"
        " Name or service not known')': /simple/flask/",
        "",
    ),
    "pip-version": (
        "ERROR: Could not find a version that satisfies the requirement flask==99",
        "",
    ),
    "pip-wheel": (
        "misc.c:1:10: fatal error: gssapi/gssapi.h: No such file or directory",
        "",
    ),
    "python-pytest": ("FAILED test_sum.py::test_sum - assert 3 == 4", ""),
    "python-traceback": ("ValueError: app.json has no port", ""),
    "qemu-crash": (
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
        "The emulator may have crashed",
    ),
    "shell-bash": ("/bin/bash: line 1: OPENHQM_VERSION: unbound variable", ""),
    "shell-missing": ("/bin/sh: 1: uvv: not found", ""),
    "shell-utility": ("cp: cannot stat 'src/app': No such file or directory", ""),
    "space-full": ("the disk is full", "docker buildx prune"),
    "uv-build": ("misc.c:1:10: fatal error: gssapi/gssapi.h: No such file or directory", ""),
    "uv-certificate": (
        "error: Failed to fetch: https://mirror.example/simple/flask/ cause: error sending request"
        " for url (https://mirror.example/simple/flask/) cause: client error (Connect) cause:"
        " invalid peer certificate: UnknownIssuer",
        PROXY,
    ),
    "uv-version": (
        "error: No solution found when resolving dependencies cause: Because there is no version"
        " of flask==99 and you require flask==99, we can conclude that your requirements are"
        " unsatisfiable.",
        "",
    ),
}


def test_every_recorded_failure_has_a_headline() -> None:
    assert sorted(HEADLINES) == sorted(path.stem for path in FAILURES.glob("*.rawjson"))


@pytest.mark.parametrize("name", HEADLINES)
def test_the_headline_is_what_an_engineer_would_quote(name: str) -> None:
    headline, hint = HEADLINES[name]
    failure = recorded(name)
    assert re.sub(r" \(exit code \d+\)$", "", failure.reason) == headline
    assert hint in failure.hint
    assert bool(hint) is bool(failure.hint)
    assert failure.where.startswith("Dockerfile:")
