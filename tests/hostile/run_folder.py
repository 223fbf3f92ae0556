"""A run folder with every file, event type and field, as a base for hostile ones."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openhqm_tui.store.run_folder import RunFolder
from tests.hostile.words import hostile
from tests.recordings import recording

ID = "20261123-151400-3fa9"
T0 = 1795446840.0
_AMD, _ARM = "linux/amd64", "linux/arm64"
_DIGEST = "sha256:" + "5cd611e9" * 8
Path_ = tuple[Any, ...]

INFO: dict[str, Any] = {
    "id": ID,
    "created": T0,
    "targets": [
        {"name": name, "variant": name, "platforms": [_AMD, _ARM], "tags": [f"x/app:1-{name}"]}
        for name in ("redis", "kafka")
    ],
    "version": "0.1.0",
    "host": _AMD,
    "engine": "28.5.2",
    "buildx": "0.29.1",
    "buildx_path": "/nowhere/docker-buildx",
    "builder": "duo",
    "driver": "remote",
    "nodes": [
        {"name": "one", "native": _AMD, "platforms": [_AMD], "claimed": [_AMD]},
        {"name": "two", "native": _ARM, "platforms": [_ARM], "claimed": [_ARM]},
    ],
    "cache_folders": ["/var/cache/x"],
    "push": True,
    "base": "python:3.13-slim",
    "base_reason": "it is in the store",
    "context": "/src/app",
    "dockerfile": "/src/app/Dockerfile",
    "source": "bake",
    "cwd": "/src/app",
    "revision": "b17a17a8af7ba2e004c0db1e5a01c7a6e8204751",
    "quiet_after": 300.0,
    "allow": ["fs.read=/src"],
    "emulators": {_ARM: {"name": "QEMU", "version": "7.2", "flags": "PF", "factor": 20.0}},
}


def _event(kind: str, at: float, **more: Any) -> dict[str, Any]:
    return {"event": kind, "at": T0 + at, **more}


def _verdicts(**answers: str) -> list[dict[str, str]]:
    return [
        {"check": name, "answer": answer, "evidence": "seen", "expected": "wanted", "how": "native"}
        for name, answer in ({"labels": "fail", "user": "warn", "size": "pass"} | answers).items()
    ]


_LANE = {"target": "redis", "platform": _AMD}
EVENTS: list[dict[str, Any]] = [
    _event("run-started", 0, pid=1),
    _event("target-started", 0.5, target="kafka", attempt=1, stream="kafka.rawjson", pid=2),
    _event("target-queued", 0.6, target="redis", attempt=1),
    _event("target-started", 0.7, target="redis", attempt=1, stream="redis.rawjson", pid=3),
    _event("fell-silent", 1, target="redis", since=T0 + 0.8, step="RUN make"),
    _event("spoke-again", 1.1, target="redis"),
    _event(
        "target-ended", 3, target="redis", attempt=1, outcome="passed", digest=_DIGEST, reason="ok"
    ),
    _event(
        "target-ended", 3, target="kafka", attempt=1, outcome="failed", exit_code=1, digest="",
        reason="exit code 1",
    ),
    _event("image-seen", 3.1, **_LANE, digest=_DIGEST, content_size=10**7, unpacked_size=10**8),
    _event(
        "layers-seen", 3.2, **_LANE,
        layers=[{"digest": _DIGEST, "size": 10**6, "created_by": "RUN make"}],
    ),
    _event("check-started", 3.3, **_LANE, emulated=False, check="labels"),
    _event("lane-checked", 4, **_LANE, verdicts=_verdicts(), emulated=False),
    _event("check-started", 4.1, target="redis", platform=_ARM, emulated=True, check=""),
    _event("check-cancelled", 4.2, target="redis", platform=_ARM),
    _event("image-pulled", 4.3, **_LANE, reference="x/app@" + _DIGEST, kept=True),
    _event("push-started", 5, target="redis", pid=4),
    _event(
        "read-back", 5.1, target="redis", name="x/app:1-redis", digest=_DIGEST,
        images=[{"platform": _AMD, "digest": _DIGEST}], attestations=1,
    ),
    _event("push-ended", 5.2, target="redis", outcome="failed", reason="denied", digest=_DIGEST),
    _event("heard", 5.3, upto=0),
    _event("cancel-asked", 5.4, target="redis"),
    _event("noted", 5.5, text="a remark", target="redis"),
    _event("run-ended", 6, outcome="failed"),
]  # fmt: skip

_V = [f"sha256:{n:064x}" for n in range(5)]


def _moment(seconds: float) -> str:
    return f"2026-11-23T15:14:{seconds:09.6f}Z"


def _stream(error: str) -> list[Any]:
    run = f"[{_AMD} app 1/2] RUN make"
    times = {"started": _moment(1), "completed": _moment(2)}
    return [
        {
            "vertexes": [
                {"digest": _V[0], "name": "[internal] load build definition", **times},
                {"digest": _V[1], "name": "[base 1/1] FROM x/base:1", "cached": True, **times},
                {"digest": _V[2], "inputs": [_V[1]], "name": run, "started": _moment(1)},
            ]
        },
        {
            "statuses": [
                {
                    "id": "sha256:layer", "vertex": _V[2], "name": "extracting", "current": 5,
                    "total": 9, "timestamp": _moment(1),
                }
            ]
        },
        {"logs": [{"vertex": _V[2], "stream": 1, "data": "made", "timestamp": _moment(1)}]},
        {
            "warnings": [
                {
                    "vertex": _V[2], "level": 1, "short": "FromAsCasing", "detail": ["a detail"],
                    "url": "https://docs.example/x",
                    "sourceInfo": {"data": "FROM x/base:1"},
                }
            ]
        },
        {
            "vertexes": [
                {"digest": _V[2], "inputs": [_V[1]], "name": run, **times, "error": error}
            ]
        },
        *(["ERROR: failed to solve: exit code: 1"] if error else []),
    ]  # fmt: skip


# Encoded in Base64 in the stream.
_BYTES = {"data", "short", "detail"}
_BAKE = {
    "group": {"default": {"targets": ["redis", "kafka"]}},
    "target": {
        name: {
            "context": ".",
            "contexts": {"base": "docker-image://x/base:1"},
            "dockerfile": "Dockerfile",
            "args": {"V": "1"},
            "labels": {"a.b": "c"},
            "tags": [f"x/app:1-{name}"],
            "cache-from": ["type=registry,ref=x/cache"],
            "secret": ["id=s,src=/s"],
            "platforms": [_AMD, _ARM],
            "output": ["type=docker"],
        }
        for name in ("redis", "kafka")
    },
}
_PLATFORM = {"os": "linux", "arch": "amd64", "variant": ""}
_EXPECTATIONS = [
    {
        "target": "redis",
        "expectation": {
            "platform": _PLATFORM,
            "platforms": [_PLATFORM],
            "clients": [{"distribution": "redis", "module": "redis"}],
            "absent": [{"distribution": "boto3", "module": "boto3"}],
            "python": "3.13",
            "labels": {"queue.backend": "redis"},
            "env": {"V": "1"},
            "command": ["python", "-m", "x"],
            "library": ["ssl"],
            "modules": ["yaml"],
            "service": {"path": "/health"},
            "allow": {"setuid": ["/usr/bin/x"]},
        },
    }
]
# Objects whose keys are untrusted.
_NAMED = {"args", "labels", "env", "contexts", "allow", "target", "group", "emulators"}
# Changing these in place would make a record invalid, so a copy of it is changed.
_IDENTITY = {
    "event",
    "target",
    "platform",
    "stream",
    "vertex",
    "digest",
    "outcome",
    "answer",
    "check",
    "id",
    "inputs",
    "native",
    "platforms",
    "claimed",
    "host",
    "name",
    "variant",
}
_EVIDENCE = "checks/redis.linux-amd64.json"


def documents() -> dict[str, Any]:
    """Return all files of the folder by name; streams and journals as lists of records."""
    evidence = json.loads((recording("checked").path / _EVIDENCE).read_bytes())
    return copy.deepcopy(
        {
            "run.json": INFO,
            "events.jsonl": EVENTS,
            "redis.rawjson": _stream(""),
            "kafka.rawjson": _stream("process did not complete successfully: exit code: 1"),
            "bake.json": _BAKE,
            "expectations.json": _EXPECTATIONS,
            _EVIDENCE: evidence,
            "redis.metadata.json": {"redis": {"containerimage.digest": _DIGEST}},
            "redis.push.log": ["denied: no access"],
            "runner.log": ["a trouble"],
        }
    )


def fields(document: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the path of every text in a document, and of untrusted keys with `{}` at the end."""
    if isinstance(document, str):
        yield path
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from fields(value, (*path, key))
            if (path and path[-1] in _NAMED) or (not path and _DIGEST in str(value)):
                yield (*path, key, "{}")
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from fields(value, (*path, index))


def put(documents: dict[str, Any], path: Path_, word: str) -> None:
    """Append a word to the text or key at a path."""
    *parents, last = path
    named = last == "{}"
    if named:
        *parents, last = parents
    node: Any = documents
    for step in parents:
        node = node[step]
    if named:
        node[f"{last}{word}"] = node.pop(last)
    else:
        node[last] = f"{node[last]}{word}"


def all_fields() -> list[Path_]:
    """Return the path of every field of a run folder; its index in the list is its number."""
    files = documents()
    return [(name, *path) for name, document in files.items() for path in fields(document)]


def is_alone(path: Path_) -> bool:
    """Return whether a hostile value of this field may make the run invalid."""
    return (
        path[0] == "run.json"
        and bool({"name", "variant", "platforms", "host", "id"} & set(path) - {"nodes"})
        and "nodes" not in path
    )


def everything() -> dict[str, Any]:
    """Return the files with a hostile word in every field that leaves the run valid."""
    files = documents()
    copies: dict[str, list[tuple[int, Any]]] = {}
    for number, path in enumerate(all_fields()):
        if is_alone(path):
            continue
        name, *rest = path
        if isinstance(files[name], list) and _IDENTITY & {
            rest[-1],
            rest[-2] if len(rest) > 1 else "",
        }:
            copied = documents()
            put(copied, path, hostile(number))
            copies.setdefault(str(name), []).append((int(rest[0]), copied[name][rest[0]]))
        else:
            put(files, path, hostile(number))
    for name, changed in copies.items():
        for index, record in sorted(changed, key=lambda one: -one[0]):
            files[name].insert(index + 1, record)
    return files


def write(documents: dict[str, Any], folder: Path) -> RunFolder:
    """Write the files of a run folder, with the bytes of its streams as BuildKit writes them."""
    folder.mkdir(parents=True)
    (folder / "checks").mkdir()
    for name, document in documents.items():
        if name.endswith(".rawjson"):
            lines = [one if isinstance(one, str) else _encoded(one) for one in document]
        elif name.endswith(".jsonl"):
            lines = [json.dumps(one) for one in document]
        elif name.endswith(".log"):
            lines = document
        else:
            lines = [json.dumps(document, indent=1)]
        (folder / name).write_text("\n".join(lines) + "\n")
    return RunFolder(folder)


def _encoded(record: Any, name: str = "") -> str:
    def bytes_in(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: bytes_in(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [bytes_in(one, name) for one in value]
        if isinstance(value, str) and name in _BYTES:
            return base64.b64encode(value.encode()).decode()
        return value

    return json.dumps(bytes_in(record, ""))
