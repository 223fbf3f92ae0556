"""Makes the files of each fault's layer; runs in the good image while the faulty ones are built.

`python workshop.py FOLDER` writes FOLDER/NAME/… for every fault that changes files. It runs once,
on the build platform; nothing it makes depends on a platform.
"""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import tarfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode, compile

LISTENER = "app/src/openhqm/api/listener.py"
SITE = f"usr/local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

IMPORT_ERROR = "import openhqm.never_written\n"
CRASH = "import sys\n\nsys.exit('no configuration: giving up')\n"
# A real fault, because the first process of a container ignores signals sent with kill.
SEGFAULT = "import ctypes\n\nctypes.string_at(0)\n"
HANG = "import time\n\ntime.sleep(86400)\n"
FORK_BOMB = """\
import os
import time

while True:
    try:
        os.fork()
    except OSError:
        time.sleep(1)
"""
MEMORY_HOG = """\
hoard = []
while True:
    hoard.append(b"x" * 2**24)
"""
WRITES = """\
with open("/app/state/messages.db", "w") as file:
    file.write("begin")
from openhqm.api.app import create_app
"""
ANSWERS = """\
import socket

listener = socket.create_server(("0.0.0.0", 8000))
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall({answer!r})
    connection.close()
"""
# A parent like uvicorn's: whenever one of its four workers exits, it starts another.
WORKERS = """\
import os, sys

WORKER = {worker!r}
workers = set()
while True:
    while len(workers) < 4:
        workers.add(os.posix_spawn(sys.executable, [sys.executable, "-c", WORKER], os.environ))
    workers.discard(os.wait()[0])
"""
# A worker that connects to its queue before it serves.
NEEDS_A_PEER = """\
import asyncio

asyncio.run(asyncio.open_connection("127.0.0.1", 6379))
"""
NEEDS_A_NAME = """\
import socket, time

while True:
    try:
        socket.create_connection(("redis", 6379))
    except OSError as error:
        print(f"redis:6379 is not there, trying again in a second: {error}", flush=True)
    time.sleep(1)
"""
# Responds correctly; the address and the serving code are formatted into it.
SERVES = """\
import http.server, os, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

class Server(http.server.HTTPServer):
    allow_reuse_port = allow_reuse_address = True

server = Server(({address!r}, 8000), Handler)
{serve}
"""
ONCE = "server.handle_request(); sys.exit('one is enough')"
DAEMON = "if os.fork(): os._exit(0)\nos.setsid()\nserver.serve_forever()"
# Each process exits after one response and is replaced.
FLAPPING = """\
while True:
    if not os.fork():
        server.handle_request()
        sys.exit("worker failed")
    os.wait()
"""
ERROR_500 = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# A response that never ends.
ENDLESS_ANSWER = """\
import socket

listener = socket.create_server(("0.0.0.0", 8000))
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    try:
        connection.sendall(b"HTTP/1.1 500 No\\r\\nX: ")
        while True:
            connection.sendall(b"y" * 65536)
    except OSError:
        connection.close()
"""
ENDLESS_OUTPUT = """\
import os

line = b"\\x1b[2J[bold red]all is well[/]" * 2000 + b"\\n"
while True:
    os.write(1, line)
    os.write(2, line)
"""
# A volume is on the host's disk unless something else is mounted there.
FILLS_A_VOLUME = """\
import sys

with open("/app/state/fill", "wb", buffering=0) as file:
    for _ in range(256):
        file.write(b"x" * 2**20)
sys.exit("wrote 256 MB to the host's disk")
"""
# Clears the screen, sets the title and the clipboard, and closes markup tags.
ESCAPES = """\
import sys

sys.exit("\\x1b[2J\\x1b]0;owned\\x07\\x1b]52;c;b3duZWQ=\\x07[/bold][@click=app.quit]well[/]\\r\\x9b31m")
"""
# Imported at startup, before anything else in the image.
OTHER_VERSION = """\
import sys

fake = (3, 12, *sys.version_info[2:])
sys.version_info = type("version_info", (tuple,), {
    "major": 3, "minor": 12, "micro": fake[2], "releaselevel": "final", "serial": 0,
})(fake)
sys.version = "3.12" + sys.version[4:]
sys.hexversion = 0x030C0000 | sys.hexversion & 0xFFFF
"""
# The recorded output of the probe in an honest image.
FORGED = """\
#!/bin/sh
echo 'openhqm-tui-probe:{"machine":"x86_64","implementation":"CPython","python":"3.13.5",\
"python_platform":"linux-x86_64","uid":1000,"clients":[{"distribution":"redis","version":"7.4.1",\
"found":true}],"absent":[]}'
"""
# 4 MB without a line break, then a mark and an answer nested deeper than any parser allows.
GIBBERISH = """\
#!/bin/sh
x=0123456789abcdef
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do x=$x$x; done
echo "$x"
printf 'openhqm-tui-probe:[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\377\\376\\033[2J\\n'
"""
ACCOUNTS = """\
root:x:0:0:root:/root:/bin/sh
toor:x:0:0::/root:/bin/sh
openhqm:x:1000:1000::/app:/usr/sbin/nologin
"""
# Imported before the probe reads the user.
DENIED = "import os\n\nos.getuid = os.geteuid = lambda: 1000\n"
# For each platform, the ELF machine number of the other one.
OTHER_MACHINES = {"amd64": 183, "arm64": 62}
# Assembled here, so that secret scanners don't report this file.
PRIVATE_KEY = "\n".join(
    (
        "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQ",
        "yNTUxOQAAACB" + "x" * 40 + "AAAAE",
        "-----END " + "OPENSSH PRIVATE KEY-----\n",
    )
)


class Layer:
    """The files that one fault adds to the good image or replaces in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def put(self, place: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file, with bytecode if it is Python: else the good image's would win."""
        file = self._folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)
        if file.suffix == ".py":
            compile(
                str(file),
                cfile=str(file.parent / "__pycache__" / f"{file.stem}.{_tag()}.pyc"),
                dfile=f"/{place}",
                doraise=True,
                invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
            )

    def link(self, place: str, target: str) -> None:
        """Make a symbolic link."""
        file = self._folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)


def zipped(name: str, content: bytes) -> bytes:
    """Return a zip of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return out.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    """Return a compressed tar of one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _tag() -> str:
    return str(sys.implementation.cache_tag)


def make(shelf: Path) -> None:
    """Write every fault's files below `shelf`."""

    def layer(name: str) -> Layer:
        return Layer(shelf / name)

    for name, text in (
        ("import-error", IMPORT_ERROR),
        ("crash-at-start", CRASH),
        ("segfault-at-start", SEGFAULT),
        ("hang-at-start", HANG),
        ("fork-bomb", FORK_BOMB),
        ("memory-hog", MEMORY_HOG),
        ("writes-to-root", WRITES),
        ("answers-500", ANSWERS.format(answer=ERROR_500)),
        ("endless-answer", ENDLESS_ANSWER),
        ("endless-output", ENDLESS_OUTPUT),
        ("escape-sequences", ESCAPES),
        ("fills-a-volume", FILLS_A_VOLUME),
        ("needs-a-peer", WORKERS.format(worker=NEEDS_A_PEER)),
        ("needs-a-name", NEEDS_A_NAME),
        ("crash-loop", WORKERS.format(worker="import never_written")),
        ("answers-once", SERVES.format(address="", serve=ONCE)),
        ("workers-flap", SERVES.format(address="", serve=FLAPPING)),
        ("becomes-a-daemon", SERVES.format(address="", serve=DAEMON)),
        ("loopback-only", SERVES.format(address="127.0.0.1", serve="server.serve_forever()")),
    ):
        layer(name).put(LISTENER, text)

    # Half an installation: present by name and version, but it can't be imported.
    layer("broken-client").put(
        f"{SITE}/redis/exceptions.py", "from redis.never_installed import RedisError\n"
    )
    layer("wrong-python").put("app/src/sitecustomize.py", OTHER_VERSION)
    layer("forged-answer").put("opt/forger/bin/python", FORGED, 0o755)
    layer("gibberish").put("opt/forger/bin/python", GIBBERISH, 0o755)

    for arch, machine in OTHER_MACHINES.items():
        # The header of a 64-bit program.
        elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 3, machine) + bytes(44)
        wheel = zipped("x/core.so", elf)
        layer(f"foreign-in-wheel-on-{arch}").put("opt/wheels/x.whl", wheel)
        layer(f"foreign-in-archives-on-{arch}").put("opt/x.zip", zipped("wheels/x.whl", wheel))
        layer(f"foreign-in-tarball-on-{arch}").put("opt/x.tar.gz", tarred("bin/x", elf))

    layer("root-by-alias").put("etc/passwd", ACCOUNTS)
    layer("root-denied").put("app/src/sitecustomize.py", DENIED)
    layer("stubbed-client").put("app/src/redis/__init__.py", '__version__ = "7.4.1"\n')
    changed = Path(f"/{SITE}/redis/utils.py").read_text() + "\nCHANGED = True\n"
    layer("changed-client").put(f"{SITE}/redis/utils.py", changed)
    (metadata,) = Path(f"/{SITE}").glob("redis-*.dist-info/METADATA")
    version = metadata.parent.name.removeprefix("redis-").removesuffix(".dist-info")
    claim = metadata.read_text().replace(f"\nVersion: {version}\n", "\nVersion: 99.0\n", 1)
    layer("false-version").put(str(metadata).lstrip("/"), claim)
    layer("hidden-version").put(
        "app/src/redis-99.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: redis\nVersion: 99.0\n",
    )
    venv = layer("client-outside")
    home = Path(sys.executable).parent
    venv.put("opt/venv/pyvenv.cfg", f"home = {home}\ninclude-system-site-packages = false\n")
    venv.put("opt/venv/bin/serve", "#!/opt/venv/bin/python\nimport openhqm\n", 0o755)
    venv.link("opt/venv/bin/python", sys.executable)

    pip_cache = layer("pip-cache")
    for number in range(3):
        name = f"{number:02x}" * 28
        place = "/".join(("root/.cache/pip/http-v2", *name[:5], name))
        pip_cache.put(place, b"cc=4,\x84\xa8response" + bytes(4096))
        pip_cache.put(f"{place}.body", b"PK\x03\x04" + bytes(4096))

    apt_cache = layer("apt-cache")
    apt_cache.put(
        "var/lib/apt/lists/deb.example.org_debian_dists_trixie_main_binary-all_Packages",
        "Package: hello\nVersion: 2.10\n\n" * 200,
    )
    apt_cache.put("var/cache/apt/archives/hello_2.10_all.deb", b"!<arch>\n" + bytes(4096))

    layer("secret-file").put("app/.ssh/id_ed25519", PRIVATE_KEY)
    layer("secret-deleted").put("app/deploy_key.pem", PRIVATE_KEY, 0o600)
    # Incompressible, and always the same.
    layer("oversize").put("opt/model.bin", random.Random(5).randbytes(96 << 20))


if __name__ == "__main__":
    os.umask(0o022)
    make(Path(sys.argv[1]))
