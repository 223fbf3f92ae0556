# OpenHQM's images: eight variants, one file.
#
#   base ─┬─ user ── stdlib ── core ── redis ── kafka ── … ── app      (all)
#         └─ user ── stdlib ── core ── mqtt ─────────────── app        (mqtt)
#
# Each name above is one layer, built in its own stage and added with COPY --link. A layer
# therefore never depends on the layers below it: `all` consists of the same layers as the other
# variants, and a registry stores each layer once.
#
# Dependencies of amd64 and arm64 are resolved, installed and byte-compiled on the build platform.
# No step runs under emulation, and the final stage has no RUN at all.

ARG PYTHON_VERSION=3.13
ARG BASE_IMAGE=python:${PYTHON_VERSION}-slim
ARG QUEUE_BACKEND=all

FROM ${BASE_IMAGE} AS base


# ── Tools: on the build platform, never in an image ──────────────────────────────────────────────

FROM --platform=$BUILDPLATFORM scratch AS scripts

# Proxies that re-sign TLS and password-protected package indexes are both common. Their data is
# passed as secrets, so that neither a layer nor the history contains it.
COPY --chmod=755 <<'EOF' /with-network
#!/bin/sh
set -eu
if [ -s /run/secrets/ca-bundle ]; then
  export SSL_CERT_FILE=/run/secrets/ca-bundle PIP_CERT=/run/secrets/ca-bundle
fi
if [ -s /run/secrets/index-url ]; then
  UV_DEFAULT_INDEX=$(cat /run/secrets/index-url)
  export UV_DEFAULT_INDEX PIP_INDEX_URL="$UV_DEFAULT_INDEX"
fi
# Bridged containers occasionally lose a DNS response, and glibc would wait five seconds for it.
export RES_OPTIONS="single-request-reopen timeout:1 attempts:5"
exec "$@"
EOF

# Removes files from /layer that are never used: up to four fifths of some wheels are debug symbols,
# and botocore has a description of every version of every AWS service. This saves 4 MB in `all`.
COPY --chmod=755 <<'EOF' /slim
#!/usr/bin/env python3
import shutil
import struct
from pathlib import Path

SECTION_TABLE, SEGMENT_TABLE = 0x28, 0x20  # where a 64-bit ELF header keeps each table's offset

for path in Path("/layer").rglob("*.so*"):
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":  # 64-bit, little-endian
        continue
    (table,) = struct.unpack_from("<Q", data, SEGMENT_TABLE)
    size, count = struct.unpack_from("<HH", data, 0x36)
    end = table + size * count
    for at in range(table, end, size):
        offset, length = struct.unpack_from("<Q16xQ", data, at + 8)
        end = max(end, offset + length)
    # The loader uses only segments; sections after the last one are for linkers and debuggers.
    head = bytearray(data[:end])
    struct.pack_into("<Q", head, SECTION_TABLE, 0)
    struct.pack_into("<HH", head, 0x3C, 0, 0)
    path.write_bytes(head)

for service in Path("/layer").rglob("botocore/data/*/"):
    for superseded in sorted(folder for folder in service.iterdir() if folder.is_dir())[:-1]:
        shutil.rmtree(superseded)
EOF

# Makes layers reproducible: bytecode that is not checked against its source, and the same
# modification time for all files (1980, the earliest that a zip archive can store).
COPY --chmod=755 <<'EOF' /seal
#!/usr/bin/env python3
import compileall
import os
from py_compile import PycInvalidationMode

# Errors are ignored: packages contain templates and code for other Pythons that is never imported.
compileall.compile_dir(
    "/layer", stripdir="/layer", prependdir="/", maxlevels=99, quiet=2,
    invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
)
for folder, folders, files in os.walk("/layer"):
    for path in (folder, *(os.path.join(folder, name) for name in folders + files)):
        os.utime(path, (315532800, 315532800), follow_symlinks=False)
EOF

COPY --chmod=755 <<'EOF' /install
#!/bin/sh
set -eu
site=/layer$(python -c 'import sys; print("/usr/local/lib/python%d.%d/site-packages" % sys.version_info[:2])')
mkdir -p "$site"
with-network uv pip install --no-deps --target "$site" ${WHEELS_FOR:-} --requirements /lock.txt
# The shebangs of the commands name the build's Python, and uv's lock file is no longer needed.
rm -rf "$site/bin" "$site/.lock"
slim
seal
EOF

FROM --platform=$BUILDPLATFORM ${BASE_IMAGE} AS cross
COPY --from=scripts / /usr/local/bin/
# With a fixed hash seed, sets of constants have the same order in all bytecode.
ENV PYTHONHASHSEED=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_SYSTEM_PYTHON=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_PROGRESS=1
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-pip,target=/root/.cache/pip \
    with-network python -m pip install --quiet 'uv>=0.9,<1'

# Without --only-binary, uv would build a missing wheel for the build platform, which is wrong.
FROM cross AS installer-amd64
ENV WHEELS_FOR="--only-binary :all: --python-platform x86_64-manylinux_2_28"

FROM cross AS installer-arm64
ENV WHEELS_FOR="--only-binary :all: --python-platform aarch64-manylinux_2_28"

# Platforms with few prebuilt wheels: packages are built on the platform itself (usually emulated),
# with a compiler. This is slow, but the other platforms don't wait for it.
FROM base AS emulated
COPY --from=scripts / /usr/local/bin/
ENV PYTHONHASHSEED=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_SYSTEM_PYTHON=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_PROGRESS=1
RUN if command -v apt-get >/dev/null; then \
      apt-get update -qq && apt-get install -qq --no-install-recommends gcc g++ libc6-dev libffi-dev libssl-dev make pkg-config; \
    fi
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-pip,target=/root/.cache/pip \
    with-network python -m pip install --quiet 'uv>=0.9,<1'

FROM emulated AS installer-386
FROM emulated AS installer-arm
FROM emulated AS installer-ppc64le
FROM emulated AS installer-riscv64
FROM emulated AS installer-s390x

FROM installer-${TARGETARCH} AS installer


# ── One resolution for all variants and platforms ────────────────────────────────────────────────

FROM cross AS lock
# constraints.txt is optional; it pins versions, so that later builds use the same ones.
COPY requirements.txt requirements-queue-*.txt constraints.tx[t] /requirements/
# A client's lock file lists only what it adds to core. Versions are resolved for all files
# together; otherwise `all` could not consist of the layers of the other variants. The other
# resolutions then use uv's cache, and access the network only if something is missing there.
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv <<'EOF'
#!/bin/sh
set -eu
resolve() {
  with-network uv pip compile --quiet --universal --only-binary :all: --no-header --no-annotate "$@"
}
agreed() {
  resolve --offline --constraints /locks/all.txt "$@" 2>/dev/null ||
    resolve --constraints /locks/all.txt "$@"
}
mkdir /locks
cd /requirements
[ -e constraints.txt ] || : >constraints.txt
resolve --constraints constraints.txt requirements*.txt >/locks/all.txt
agreed requirements.txt >/locks/core.txt
for file in requirements-queue-*.txt; do
  client=${file#requirements-queue-}
  agreed requirements.txt "$file" >/tmp/agreed.txt
  grep --invert-match --line-regexp --fixed-strings --file /locks/core.txt /tmp/agreed.txt >"/locks/$client" || true
done
EOF


# ── One stage, one layer ─────────────────────────────────────────────────────────────────────────

FROM cross AS user
COPY --from=base /etc/passwd /etc/group /layer/etc/
RUN echo 'openhqm:x:1000:1000::/app:/usr/sbin/nologin' >>/layer/etc/passwd && \
    echo 'openhqm:x:1000:' >>/layer/etc/group && \
    mkdir /layer/app && seal

# The official images have no bytecode for the standard library, so a read-only container would
# compile the same 300 modules at every start: half a minute under emulation. The layer is empty if
# the base has it. The bytecode is checked by timestamp, because the base may change its files.
FROM cross AS stdlib
RUN --mount=type=bind,from=base,target=/base <<'EOF'
#!/usr/bin/env python3
import os
import subprocess
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import compile

NEVER_SERVED = {
    "_pyrepl", "curses", "dbm", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages",
    "test", "tkinter", "turtledemo", "unittest", "venv", "xmlrpc",
}
os.mkdir("/layer")
for source in Path("/base" + sysconfig.get_path("stdlib")).rglob("*.py"):
    name = source.relative_to("/base")
    cached = cache_from_source(f"/{name}")
    if NEVER_SERVED.isdisjoint(name.parts) and not os.path.exists(f"/base{cached}"):
        compile(source, cfile=f"/layer{cached}", dfile=f"/{name}", quiet=2)
subprocess.run(["seal"], check=True)
EOF

FROM installer AS core
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/core.txt,target=/lock.txt \
    install

FROM installer AS redis
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/redis.txt,target=/lock.txt \
    install

FROM installer AS kafka
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/kafka.txt,target=/lock.txt \
    install

FROM installer AS sqs
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/sqs.txt,target=/lock.txt \
    install

FROM installer AS azure
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/azure.txt,target=/lock.txt \
    install

FROM installer AS gcp
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/gcp.txt,target=/lock.txt \
    install

FROM installer AS mqtt
RUN --mount=type=secret,id=ca-bundle --mount=type=secret,id=index-url \
    --mount=type=cache,id=openhqm-uv,target=/root/.cache/uv \
    --mount=type=bind,from=lock,source=/locks/mqtt.txt,target=/lock.txt \
    install

FROM cross AS app
COPY src /layer/app/src
# Lists the clients of each variant: the service reports which of them are installed.
COPY requirements-queue-*.txt /layer/app/
# Bytecode from a checkout would make the layer differ from one machine to another.
RUN python -c "import pathlib, shutil; [*map(shutil.rmtree, [*pathlib.Path('/layer').rglob('__pycache__')])]" && seal


# ── The variants ─────────────────────────────────────────────────────────────────────────────────

FROM base AS minimal-image
COPY --link --from=user /layer/ /
WORKDIR /app
COPY --link --from=stdlib /layer/ /
COPY --link --from=core /layer/ /

FROM minimal-image AS redis-image
COPY --link --from=redis /layer/ /

FROM minimal-image AS kafka-image
COPY --link --from=kafka /layer/ /

FROM minimal-image AS sqs-image
COPY --link --from=sqs /layer/ /

FROM minimal-image AS azure-image
COPY --link --from=azure /layer/ /

FROM minimal-image AS gcp-image
COPY --link --from=gcp /layer/ /

FROM minimal-image AS mqtt-image
COPY --link --from=mqtt /layer/ /

FROM minimal-image AS all-image
COPY --link --from=redis /layer/ /
COPY --link --from=kafka /layer/ /
COPY --link --from=sqs /layer/ /
COPY --link --from=azure /layer/ /
COPY --link --from=gcp /layer/ /
COPY --link --from=mqtt /layer/ /

FROM ${QUEUE_BACKEND}-image AS image
COPY --link --from=app /layer/ /

ARG QUEUE_BACKEND
ENV OPENHQM_QUEUE_BACKEND=${QUEUE_BACKEND} \
    PYTHONPATH=/app/src \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# A number, because Kubernetes' runAsNonRoot can't resolve names.
USER 1000:1000
EXPOSE 8000
# A plain socket, without `site` or an HTTP library: importing urllib takes seconds under emulation.
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --start-interval=5s \
    CMD ["python", "-ISc", "import socket; s = socket.create_connection(('127.0.0.1', 8000), 5); s.sendall(b'GET /health HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"]
CMD ["python", "-m", "openhqm.api.listener"]

# Last, because these change with every build.
ARG BASE_IMAGE
ARG BASE_NAME=${BASE_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
# The repository that contains REVISION.
ARG SOURCE=https://github.com/openhqm/openhqm-tui
LABEL org.opencontainers.image.title="OpenHQM (${QUEUE_BACKEND})" \
      org.opencontainers.image.description="OpenHQM, an HTTP queue message handler, with queue backend: ${QUEUE_BACKEND}" \
      org.opencontainers.image.vendor="The OpenHQM developers" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_NAME}" \
      queue.backend="${QUEUE_BACKEND}"
