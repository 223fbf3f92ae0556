"""Record real builds that fail (`python -m tests.record_failures [NAME…]`), one for each tool.

Each recording is a Buildx stream under `tests/recordings/failures/`, as Buildx wrote it, with the
hosts of this machine's mirrors replaced by `mirror.example`. The base image is the stand-in of
`openhqm-tui doctor --fix`; the tools come from Debian, PyPI and npm.
"""

# ruff: noqa: E501 - docker is looked up on PATH; long lines are input of the tools

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent

FAILURES = Path(__file__).parent / "recordings" / "failures"
BASE = "openhqm-base:3.13-debian"
TOOLS = "openhqm-recording-tools:1"
TOOLBOX = f"""
FROM {BASE}
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ libc6-dev make cmake golang-go cargo git curl
RUN apt-get install -y --no-install-recommends npm
RUN --mount=type=secret,id=ca-bundle cp /run/secrets/ca-bundle /etc/ca-bundle.pem
ENV PIP_CERT=/etc/ca-bundle.pem SSL_CERT_FILE=/etc/ca-bundle.pem NODE_EXTRA_CA_CERTS=/etc/ca-bundle.pem
RUN pip install --quiet --break-system-packages setuptools uv pytest && cd /usr/local && npm install --global typescript@5.4
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
"""
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_PLACE = re.compile(
    r"(?<=host=')[\w.-]+|(?<=://)(?:[^\s/@\"'`]+@)?[\w.-]+(?::\d+)?|(?<= on )\d+(?:\.\d+){3}(?=:53)"
)
_SHOWN = frozenset({"docs.docker.com", "localhost:5999", "deb.invalid", "pypi.invalid"})

# What is after FROM; the first word of a name is the tool.
BUILDS: dict[str, str] = {
    "pip-version": "RUN pip install flask==99",
    "pip-wheel": """
        COPY <<EOF /gssapi/setup.py
        from setuptools import Extension, setup
        setup(name="gssapi", version="1.0", ext_modules=[Extension("gssapi", ["misc.c"])])
        EOF
        COPY <<EOF /gssapi/misc.c
        #include <gssapi/gssapi.h>
        EOF
        RUN pip install /gssapi
    """,
    "pip-certificate": "RUN pip install --retries 1 flask",
    "pip-host": "RUN pip install --retries 1 --index-url https://pypi.invalid/simple flask",
    "uv-certificate": "RUN SSL_CERT_FILE=/etc/ssl/certs/ISRG_Root_X1.pem uv pip install --system flask",
    "uv-version": """
        RUN uv pip install --system flask==99
    """,
    "uv-build": """
        COPY <<EOF /gssapi/setup.py
        from setuptools import Extension, setup
        setup(name="gssapi", version="1.0", ext_modules=[Extension("gssapi", ["misc.c"])])
        EOF
        COPY <<EOF /gssapi/misc.c
        #include <gssapi/gssapi.h>
        EOF
        RUN uv pip install --system --break-system-packages /gssapi
    """,
    "npm-missing": "RUN npm install openhqm-no-such-package",
    "npm-certificate": "RUN NODE_EXTRA_CA_CERTS= npm install --registry https://registry.npmjs.org --cafile /etc/ssl/certs/ISRG_Root_X1.pem --fetch-retries 0 left-pad",
    "npm-script": """
        WORKDIR /app
        COPY <<EOF package.json
        {"name": "app", "version": "1.0.0", "scripts": {"build": "node build.js"}}
        EOF
        COPY <<EOF build.js
        const settings = undefined;
        console.log("building", settings.name);
        EOF
        RUN npm run build
    """,
    "npm-typescript": """
        WORKDIR /app
        COPY <<EOF package.json
        {"name": "app", "version": "1.0.0", "scripts": {"build": "tsc --noEmit index.ts"}}
        EOF
        COPY <<EOF index.ts
        const port: number = "8000";
        EOF
        RUN npm run build
    """,
    "npm-lock": """
        WORKDIR /app
        COPY <<EOF package.json
        {"name": "app", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}}
        EOF
        RUN npm ci
    """,
    "apt-missing": "RUN apt-get update && apt-get install -y openhqm-no-such-package",
    "apt-version": "RUN apt-get update && apt-get install -y curl=1.0",
    "apt-host": """
        RUN echo 'deb [trusted=yes] http://deb.invalid/debian trixie main' >/etc/apt/sources.list.d/x.list && rm /etc/apt/sources.list.d/*.sources && apt-get update && apt-get install -y sqlite3
    """,
    "go-compile": """
        WORKDIR /app
        COPY <<EOF go.mod
        module example.com/app

        go 1.24
        EOF
        COPY <<EOF main.go
        package main

        import "fmt"

        func main() {
        \tfmt.Println(total)
        \tundefinedFunction()
        }
        EOF
        RUN go build ./...
    """,
    "go-test": """
        WORKDIR /app
        COPY <<EOF go.mod
        module example.com/app

        go 1.24
        EOF
        COPY <<EOF sum_test.go
        package app

        import "testing"

        func TestOne(t *testing.T) {}

        func TestSum(t *testing.T) {
        \tif 1+1 != 3 {
        \t\tt.Errorf("sum is %d, expected %d", 1+1, 3)
        \t}
        }
        EOF
        RUN go test ./...
    """,
    "cargo-compile": """
        WORKDIR /app
        COPY <<EOF Cargo.toml
        [package]
        name = "app"
        version = "0.1.0"
        edition = "2021"
        EOF
        COPY <<EOF src/main.rs
        fn main() {
            let unused = 1;
            println!("{}", total);
        }
        EOF
        RUN cargo build --release
    """,
    "cargo-panic": """
        WORKDIR /app
        COPY <<EOF Cargo.toml
        [package]
        name = "app"
        version = "0.1.0"
        edition = "2021"
        build = "build.rs"
        EOF
        COPY <<EOF build.rs
        fn main() {
            let home = std::env::var("OPENSSL_DIR").expect("OPENSSL_DIR must be set");
            println!("{home}");
        }
        EOF
        COPY <<EOF src/main.rs
        fn main() {}
        EOF
        RUN cargo build --release
    """,
    "cmake-package": """
        WORKDIR /app
        COPY <<EOF CMakeLists.txt
        cmake_minimum_required(VERSION 3.20)
        project(app C)
        find_package(LibXml2 REQUIRED)
        EOF
        RUN cmake -B build
    """,
    "cmake-build": """
        WORKDIR /app
        COPY <<EOF CMakeLists.txt
        cmake_minimum_required(VERSION 3.20)
        project(app CXX)
        add_executable(app main.cpp)
        EOF
        COPY <<EOF main.cpp
        #include <vector>
        int main() { std::vector<int> all; return all.length(); }
        EOF
        RUN cmake -B build && cmake --build build
    """,
    "make-compile": """
        WORKDIR /app
        COPY <<EOF Makefile
        app: main.o
        \tcc -o app main.o
        EOF
        COPY <<EOF main.c
        int main(void) { return total; }
        EOF
        RUN make
    """,
    "make-rule": """
        WORKDIR /app
        RUN make install
    """,
    "linker-reference": """
        WORKDIR /app
        COPY <<EOF main.c
        int total(void);
        int main(void) { return total(); }
        EOF
        RUN gcc -o app main.c
    """,
    "linker-library": """
        WORKDIR /app
        COPY <<EOF main.c
        int main(void) { return 0; }
        EOF
        RUN gcc -o app main.c -lxml2
    """,
    "python-traceback": """
        COPY <<EOF /app/settings.py
        import json
        def read(path):
            try:
                return json.load(open(path))["port"]
            except KeyError as error:
                raise ValueError(f"{path} has no port") from error
        EOF
        RUN cd /app && echo '{}' >app.json && python3 -c "import settings; settings.read('app.json')"
    """,
    "python-pytest": """
        COPY <<EOF /app/test_sum.py
        def test_one():
            assert True
        def test_sum():
            assert sum([1, 2]) == 4
        EOF
        RUN cd /app && python3 -m pytest -p no:cacheprovider
    """,
    "shell-missing": "RUN set -e; echo starting; uvv sync",
    "shell-bash": """
        SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
        RUN echo "starting"; echo "$OPENHQM_VERSION"
    """,
    "shell-utility": "RUN cp -r src/app /app && echo done",
    "curl-certificate": """
        RUN curl -sSf --cacert /etc/ssl/certs/ISRG_Root_X1.pem -o /x https://pypi.org/simple/
    """,
    "curl-status": "RUN curl -fsSL https://pypi.org/openhqm-no-such-page | tar -xz",
    "git-missing": "RUN git clone --depth 1 file:///src/app /app",
    "buildkit-copy": "COPY nosuch.txt /app/",
    "buildkit-stage": "COPY --from=builder /x /x",
    "buildkit-image": "FROM localhost:5999/nosuch:1",
    "buildkit-syntax": "RUNN echo hello",
    "buildkit-argument": "COPY --nosuch=1 x /app/",
    "qemu-crash": 'RUN python3 -c "import ctypes; ctypes.string_at(0)"',
    "exec-format": """
        RUN printf '\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\377\\000\\001\\000\\000\\000' >/bin/tool && head -c 400 /dev/zero >>/bin/tool && chmod +x /bin/tool
        RUN ["/bin/tool"]
    """,
    "exec-format-shell": """
        RUN printf '\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\377\\000\\001\\000\\000\\000' >/bin/tool && head -c 400 /dev/zero >>/bin/tool && chmod +x /bin/tool
        RUN tool --version
    """,
    "memory-killed": "RUN sh -c 'kill -9 $$' && echo done",
    "memory-limit": """
        RUN ulimit -v 60000 && echo 'int main() { return 0; }' >x.cpp && printf '#include <iostream>\\n#include <regex>\\n#include <map>\\n' >>x.cpp && g++ -c x.cpp
    """,
    "memory-python": 'RUN ulimit -v 200000 && python3 -c "bytearray(10**9)"',
    "memory-fork": 'RUN python3 -c "import os; raise OSError(12, os.strerror(12))"',
    "space-full": "RUN --mount=type=tmpfs,size=1048576,target=/data cp /usr/bin/python3.13 /data/",
}
# Tools whose FROM isn't the toolbox.
BASES = {
    **dict.fromkeys(("pip-certificate", "shell-missing"), BASE),
    "qemu-crash": f"--platform=linux/arm64 {BASE}",
}


def main(names: list[str]) -> int:
    """Record the named failures, or all of them."""
    FAILURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _build(Path(folder), TOOLBOX, "--tag", TOOLS, "--secret", f"id=ca-bundle,src={CA_BUNDLE}")
        for name in names or BUILDS:
            head = f"FROM {BASES.get(name, TOOLS)}\n"
            _, stream = _build(
                Path(folder), head + dedent(BUILDS[name]).strip() + "\n", "--no-cache"
            )
            lines = [masked(line) for line in stream.splitlines(keepends=True)]
            (FAILURES / f"{name}.rawjson").write_text("".join(lines))
            sys.stderr.write(f"recorded {name}: {len(stream)} bytes\n")
    return 0


def _build(folder: Path, dockerfile: str, *options: str) -> tuple[int, str]:
    (folder / "Dockerfile").write_text(dockerfile)
    command = ["docker", "buildx", "build", "--progress", "rawjson", *options, "."]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    return done.returncode, done.stderr


def masked(line: str) -> str:
    """Return a line of a stream without names of hosts, also in the encoded logs."""
    try:
        record = json.loads(line)
    except ValueError:
        return _masked(line)
    for log in record.get("logs", ()):
        text = _masked(base64.b64decode(log["data"]).decode("utf-8", "replace"))
        log["data"] = base64.b64encode(text.encode()).decode()
    for vertex in record.get("vertexes", ()):
        for field in ("name", "error"):
            if field in vertex:
                vertex[field] = _masked(vertex[field])
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


def _masked(text: str) -> str:
    return _PLACE.sub(lambda found: found[0] if found[0] in _SHOWN else "mirror.example", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
