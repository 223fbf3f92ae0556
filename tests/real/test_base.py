"""The base that the doctor makes stands in for python:3.13-slim in other people's Dockerfiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.engine.doctor.machine import read_machine
from openhqm_tui.engine.source.base_image import BOOTSTRAPPED_BASE
from tests.real.conftest import run_cli

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/base"

# What Dockerfiles do most: install packages, compile, install to a prefix that the final stage
# copies, make a virtual environment, add users.
DOCKERFILE = """\
FROM python:3.13-slim AS builder
RUN apt-get update && apt-get install -y --no-install-recommends tree && \\
    rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN <<'MAKE'
#!/usr/local/bin/python
from zipfile import ZipFile
with ZipFile("tried-1-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tried.py", "def main():\\n    print('tried')\\n")
    for name, text in {
        "METADATA": "Metadata-Version: 2.1\\nName: tried\\nVersion: 1\\n",
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "entry_points.txt": "[console_scripts]\\ntried = tried:main\\n",
        "RECORD": "",
    }.items():
        wheel.writestr(f"tried-1.dist-info/{name}", text)
MAKE
ENV PIP_NO_INDEX=1 PIP_ROOT_USER_ACTION=ignore
RUN pip install --prefix=/install *.whl && test -f /install/lib/python3.13/site-packages/tried.py
RUN pip install --user *.whl && /root/.local/bin/tried
RUN python -m venv /opt/venv && /opt/venv/bin/pip install *.whl && /opt/venv/bin/tried
RUN test -f "$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"
RUN dpkg --status tree && test -z "$(dpkg --audit)" && apt-get purge -y --auto-remove tree && \\
    test -z "$(ls /var/cache/apt/archives/*.deb)"

FROM python:3.13-slim
ARG QUEUE_BACKEND
RUN groupadd --system app && useradd --system --create-home --gid app app && \\
    adduser --disabled-password --gecos "" other
COPY --from=builder /install /usr/local
RUN python3 -c 'import tried' && test "$(tried)" = tried && \\
    test -s /etc/ssl/certs/ca-certificates.crt && test -n "$PYTHON_VERSION"
USER app
RUN test "$(id -un)" = app && pip --version
"""

NATIVE = str(read_machine().platform)
FOREIGN = "linux/amd64" if "arm64" in NATIVE else "linux/arm64"


# Elsewhere in `make test`, Redis is installed on it by apt-get.
@pytest.mark.full
@pytest.mark.parametrize("platform", [NATIVE, FOREIGN])
def test_a_dockerfile_of_others_builds_on_the_base(
    platform: str, tmp_path: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    words = ("--backend", "minimal", "--platforms", platform, "--name", NAME, "--no-check")
    ran = run_cli(
        "build", *words, "--base-image", BOOTSTRAPPED_BASE, cwd=tmp_path, state=tmp_path / "state"
    )
    assert ran.code == 0, ran.out + ran.err
