"""Good images of other kinds raise no alarm: small images from one build, and their verdicts."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.source.base_image import choose_base
from tests.engine.tars import elf
from tests.real.conftest import Ran, docker, run_cli

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]

NAME = "openhqm-tui-tests/good"
HERE = parse_platform(platform.machine())
MACHINE = {"amd64": 62, "arm64": 183}[HERE.arch]
# The part of a Dockerfile after `FROM`, by target; `base` has Python.
IMAGES = {
    "python3-only": """base
USER 0
RUN rm -f /usr/local/bin/python /usr/bin/python
ENTRYPOINT ["python3"]
USER 1000
""",
    "no-layers": """scratch
LABEL a=b
USER 1000
""",
    "single-binary": """scratch
COPY program /program
ENTRYPOINT ["/program"]
USER 65532:65532
""",
    "virtual-environment": """base
COPY venv /opt/venv
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
CMD ["serve"]
USER 1000
""",
    "node": """scratch
COPY node /
WORKDIR /app
CMD ["node", "server.js"]
USER 1000
""",
    "drops-root": """base
COPY --chmod=755 entrypoint.sh /
ENTRYPOINT ["/entrypoint.sh"]
CMD ["python3"]
USER 0
""",
}
EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
CHECKS = """
[targets.python3-only]
python = "any"
library = ["ssl"]

[targets.virtual-environment]
python = "any"
clients = { acme-client = "acme" }
service = { port = 8000, within = 30 }
"""
SERVE = """\
#!/opt/venv/bin/python
import acme
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def write(folder: Path, files: dict[str, bytes | str], mode: int = 0o644) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)


def environment(folder: Path) -> None:
    """Create a virtual environment for the Python of the base, with one distribution."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to("/usr/local/bin/python3")
    info = "acme_client-7.4.dist-info"
    site = "lib/python3.13/site-packages"
    write(
        folder,
        {
            "pyvenv.cfg": "home = /usr/local/bin\ninclude-system-site-packages = false\n",
            f"{site}/acme.py": "",
            f"{site}/{info}/METADATA": "Metadata-Version: 2.1\nName: acme-client\nVersion: 7.4\n",
            f"{site}/{info}/RECORD": f"acme.py,sha256={EMPTY},0\n",
        },
    )
    write(folder, {"bin/serve": SERVE}, 0o755)


def node(folder: Path) -> None:
    """Create the files of a Node application: the program, an addon, a key for its tests.

    A stand-in: Node itself is 100 MB, and no check runs it.
    """
    write(folder, {"usr/local/bin/node": elf(MACHINE)}, 0o755)
    write(
        folder,
        {
            "app/server.js": "require('http')",
            "app/.npmrc": "//registry.example/:_authToken=${NPM_TOKEN}\n",
            "app/node_modules/x/build/Release/x.node": elf(MACHINE),
            "app/node_modules/y/test/fixtures/key.pem": "-----BEGIN PRIV"
            + "ATE KEY-----\n"
            + "M" * 64,
            "app/node_modules/z/package.json": '{"name": "z", "version": "1.0.0"}',
        },
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("good")
    base = choose_base((HERE,), explicit=None).ref
    group = {"default": {"targets": list(IMAGES)}}
    targets = {
        name: {
            "contexts": {"base": f"docker-image://{base}"},
            "dockerfile-inline": f"FROM {recipe}",
            "tags": [f"{NAME}:{name}"],
        }
        for name, recipe in IMAGES.items()
    }
    write(
        folder,
        {
            "docker-bake.json": json.dumps({"group": group, "target": targets}),
            "openhqm-checks.toml": CHECKS,
        },
    )
    write(folder, {"program": elf(MACHINE)}, 0o755)
    write(folder, {"entrypoint.sh": '#!/bin/sh\nexec setpriv --reuid=1000 "$@"\n'}, 0o755)
    environment(folder / "venv")
    node(folder / "node")
    state = tmp_path_factory.mktemp("state")
    yield run_cli("build", "--platforms", str(HERE), "--format", "json", cwd=folder, state=state)
    docker("image", "rm", "--force", *docker("image", "ls", "--quiet", NAME).split())


def verdicts(ran: Ran, target: str) -> dict[str, Any]:
    (record,) = [
        one for one in ran.records if one["event"] == "lane-checked" and one["target"] == target
    ]
    return {verdict["check"]: verdict for verdict in record["verdicts"]}


@pytest.mark.parametrize(
    ("target", "expected", "warned"),
    [
        ("python3-only", {"machine", "python", "library", "user"}, set()),
        ("no-layers", {"user", "binaries", "secrets"}, set()),
        ("single-binary", {"user", "binaries"}, set()),
        ("virtual-environment", {"python", "clients", "service"}, set()),
        ("node", {"user", "binaries", "secrets"}, set()),
        ("drops-root", {"user"}, {"user"}),
    ],
)
def test_a_good_image_raises_no_alarm(
    target: str, expected: set[str], warned: set[str], built: Ran
) -> None:
    assert built.code == 0, built.err
    found = verdicts(built, target)
    assert expected <= set(found)
    answers = {check: verdict["answer"] for check, verdict in found.items()}
    assert {check for check, answer in answers.items() if answer != "pass"} == warned, found
    assert {answers[check] for check in warned} <= {"warn"}
