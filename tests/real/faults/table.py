"""The planted faults: what each is, how it is made, and the check that is meant to catch it."""

from __future__ import annotations

import copy

from tests.real.faults.fault import Entry, Fault

_OTHER = {"amd64": "arm64", "arm64": "amd64"}
# Put together here, so that no scanner takes this file for a leak.
_AWS_SECRET = "wJalrXUtnFEMI" + "K7MDENGbPxRfiCY" + "Zq8vT1sR4uW2"
_TOKEN = "ghp_" + "q7Rt2LmX9vBn4KdW8sYc" + "3HgPz6FjTa1EuQ0o"
SECRETS = (_AWS_SECRET, _TOKEN)
_SITE = "/usr/local/lib/python3*/site-packages"


# A folder that the image's user could write to, if anybody could.
_STATE = "COPY --from=workshop --chown=1000:1000 /state/ /app/state/\n"
_OF_FILES = ("binaries", "setuid", "compilers", "caches", "secrets", "size", "user")
# Where Python itself can't be asked, nothing can be.
_ALL_THAT_RUNS = (
    *("machine", "python", "library", "extensions", "byte-code", "clients", "absent", "user"),
    "service",
)


def _own(name: str) -> str:
    """Return the line that puts in place what the workshop made for a fault."""
    return f"COPY --from=workshop /shelf/{name}/ /\n"


def _missing_platform(entries: list[Entry]) -> None:
    entries[:] = [entry for entry in entries if entry.platform["architecture"] == "amd64"]


def _extra_platform(entries: list[Entry]) -> None:
    extra = copy.deepcopy(entries[0])
    extra.platform |= {"architecture": "s390x"}
    entries.append(extra)


def _lying_config(entries: list[Entry]) -> None:
    for entry in entries:
        entry.config["architecture"] = _OTHER[entry.config["architecture"]]


def _no_label(entries: list[Entry]) -> None:
    for entry in entries:
        del entry.config["config"]["Labels"]["queue.backend"]


def _no_health_check(entries: list[Entry]) -> None:
    for entry in entries:
        del entry.config["config"]["Healthcheck"]


INDEX: tuple[Fault, ...] = (
    Fault(
        name="missing-platform",
        what="an index that lacks a platform",
        check="index",
        twist=_missing_platform,
        # What isn't there can't be asked anything else: unknown.
        also=("architecture", *_OF_FILES),
        evidence="linux/amd64",
    ),
    Fault(
        name="extra-platform",
        what="an index that holds a platform nobody asked for",
        check="index",
        twist=_extra_platform,
        evidence="s390x",
    ),
)

STATIC: tuple[Fault, ...] = (
    Fault(
        name="wrong-arch-library",
        what="a shared object of the other architecture among the right ones",
        check="binaries",
        recipe="COPY --from=foreign --link /usr/local/lib/python3*/site-packages/pydantic_core/*.so"
        " /usr/local/lib/openhqm/\n",
    ),
    Fault(
        name="wrong-arch-userland",
        what="the whole userland of the other architecture under the right config",
        check="binaries",
        recipe="FROM foreign\n",
        also=("machine", "python", "extensions", "service"),
    ),
    Fault(
        name="config-lies",
        what="config tells the other architecture than its manifest's platform",
        check="architecture",
        twist=_lying_config,
    ),
    Fault(
        name="missing-label",
        what="no label `queue.backend`",
        check="labels",
        twist=_no_label,
    ),
    Fault(
        name="wrong-label",
        what="label `queue.backend` tells another variant",
        check="labels",
        recipe="LABEL queue.backend=kafka\n",
        evidence="kafka",
    ),
    Fault(
        name="env-disagrees",
        what="`OPENHQM_QUEUE_BACKEND` tells another variant",
        check="env",
        recipe="ENV OPENHQM_QUEUE_BACKEND=minimal\n",
        evidence="minimal",
    ),
    Fault(
        name="health-check-off",
        what="`HEALTHCHECK NONE`",
        check="health-check",
        recipe="HEALTHCHECK NONE\n",
    ),
    Fault(
        name="health-check-missing",
        what="no health check in the config",
        check="health-check",
        twist=_no_health_check,
    ),
    Fault(
        name="command-changed",
        what="a command of its own",
        check="command",
        recipe='CMD ["python", "-X", "dev", "-m", "openhqm.api.listener"]\n',
        evidence="dev",
    ),
    Fault(
        name="entrypoint-added",
        what="an entry point before the command",
        check="command",
        recipe='ENTRYPOINT ["/usr/bin/env"]\nCMD ["python", "-m", "openhqm.api.listener"]\n',
        evidence="env",
    ),
    Fault(
        name="setuid",
        what="a setuid file",
        check="setuid",
        recipe="COPY --from=good --link --chmod=4755 /usr/bin/true /usr/local/bin/as-root\n",
        evidence="as-root",
    ),
    Fault(
        name="compiler",
        what="a compiler left inside",
        check="compilers",
        recipe="COPY --from=good --link /usr/bin/true /usr/bin/gcc\n",
        evidence="gcc",
    ),
    Fault(
        name="pip-cache",
        what="pip's cache left inside",
        check="caches",
        recipe=_own("pip-cache"),
        evidence="pip",
    ),
    Fault(
        name="apt-cache",
        what="apt's lists and packages left inside",
        check="caches",
        recipe=_own("apt-cache"),
        evidence="apt",
    ),
    Fault(
        name="secret-in-env",
        what="a secret in a variable",
        check="secrets",
        recipe=f"ENV AWS_SECRET_ACCESS_KEY={_AWS_SECRET}\n",
        evidence="AWS_SECRET_ACCESS_KEY",
    ),
    Fault(
        name="secret-in-history",
        what="a secret as build argument, kept in the history",
        check="secrets",
        recipe=f"USER 0\nARG GITHUB_TOKEN={_TOKEN}\nRUN --network=none true\nUSER 1000:1000\n",
        evidence="GitHub token in instruction",
    ),
    Fault(
        name="secret-deleted",
        what="a private key in a layer, deleted by a later one",
        check="secrets",
        recipe=f"{_own('secret-deleted')}USER 0\n"
        "RUN --network=none rm /app/deploy_key.pem\nUSER 1000:1000\n",
        evidence="deploy_key.pem",
    ),
    Fault(
        name="secret-file",
        what="a private key in the image",
        check="secrets",
        recipe=_own("secret-file"),
        evidence="id_ed25519",
    ),
    Fault(
        name="oversize",
        what="96 MB too many",
        check="size",
        recipe="COPY --from=workshop --link /shelf/oversize/ /\n",
    ),
)

RUNNING: tuple[Fault, ...] = (
    Fault(
        name="missing-client",
        what="its client was never installed",
        check="clients",
        recipe=f"USER 0\nRUN --network=none rm -r {_SITE}/redis {_SITE}/redis-*\nUSER 1000:1000\n",
        also=("service",),
        evidence="redis",
        runs=True,
    ),
    Fault(
        name="extra-client",
        what="another variant's client inside",
        check="absent",
        recipe="COPY --from=other --link /usr/local/lib/python3.13/site-packages/"
        " /usr/local/lib/python3.13/site-packages/\n",
        evidence="paho",
        runs=True,
    ),
    Fault(
        name="broken-client",
        what="its client is there and can't be imported",
        check="clients",
        recipe=_own("broken-client"),
        evidence="never_installed",
        runs=True,
    ),
    Fault(
        name="wrong-python",
        what="a Python of another version",
        check="python",
        recipe=_own("wrong-python"),
        # Much that is installed was chosen for the other one.
        also=("extensions", "clients", "service"),
        evidence="3.12",
        runs=True,
    ),
    Fault(
        name="root-user",
        what="runs as root",
        check="user",
        recipe="USER 0:0\n",
        evidence="0",
        runs=True,
    ),
    Fault(
        name="no-sqlite",
        what="the standard library's sqlite3 without its compiled half",
        check="library",
        recipe="USER 0\nRUN --network=none rm -f /usr/lib/python3*/lib-dynload/_sqlite3.*"
        " /usr/local/lib/python3*/lib-dynload/_sqlite3.*\nUSER 1000:1000\n",
        evidence="sqlite3",
        runs=True,
    ),
    Fault(
        name="no-ssl",
        what="the standard library's ssl without its compiled half",
        check="library",
        recipe="USER 0\nRUN --network=none rm -f /usr/lib/python3*/lib-dynload/_ssl.*"
        " /usr/local/lib/python3*/lib-dynload/_ssl.*\nUSER 1000:1000\n",
        also=("clients", "service"),
        evidence="ssl",
        runs=True,
    ),
    Fault(
        name="broken-extension",
        what="a compiled module of the core cut off after its header",
        check="extensions",
        recipe=f"USER 0\nRUN --network=none truncate -s 60 {_SITE}/pydantic_core/*.so\n"
        "USER 1000:1000\n",
        also=("service",),
        evidence="pydantic_core",
        runs=True,
    ),
    Fault(
        name="crashing-extension",
        what="one cut off later, which crashes Python; emulated, it may be the emulator",
        check="extensions",
        recipe=f"USER 0\nRUN --network=none truncate -s 4096 {_SITE}/pydantic_core/*.so\n"
        "USER 1000:1000\n",
        also=("byte-code", "clients", "service"),
        evidence="signal 7",
        runs=True,
        emulated=("unknown",),
    ),
    Fault(
        name="wrong-arch-extension",
        what="the core's compiled modules are those of the other architecture",
        check="binaries",
        recipe="USER 0\nRUN --network=none rm -r /usr/local/lib/python3.13/site-packages\n"
        "COPY --from=foreign /usr/local/lib/python3.13/site-packages/"
        " /usr/local/lib/python3.13/site-packages/\nUSER 1000:1000\n",
        also=("extensions", "service"),
        runs=True,
    ),
    Fault(
        name="no-byte-code",
        what="the packages without byte-code",
        check="byte-code",
        recipe=f"USER 0\nRUN --network=none rm -r {_SITE}/__pycache__ {_SITE}/*/__pycache__"
        f" {_SITE}/*/*/__pycache__\nUSER 1000:1000\n",
        runs=True,
    ),
    Fault(
        name="import-error",
        what="the service imports what isn't there",
        check="service",
        recipe=_own("import-error"),
        evidence="never_written",
        runs=True,
    ),
    Fault(
        name="answers-500",
        what="the service answers 500",
        check="service",
        recipe=_own("answers-500"),
        evidence="500",
        runs=True,
        slow=True,
    ),
    Fault(
        name="crash-at-start",
        what="the service gives up at once",
        check="service",
        recipe=_own("crash-at-start"),
        evidence="giving up",
        runs=True,
    ),
    Fault(
        name="segfault-at-start",
        what="the service dies of a segmentation fault; emulated, it may be the emulator's",
        check="service",
        recipe=_own("segfault-at-start"),
        evidence="signal 11",
        runs=True,
        emulated=("unknown",),
    ),
    Fault(
        name="hang-at-start",
        what="the service sleeps",
        check="service",
        recipe=_own("hang-at-start"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="fork-bomb",
        what="a fork bomb",
        check="service",
        recipe=_own("fork-bomb"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="memory-hog",
        what="takes all the memory it gets",
        check="service",
        recipe=_own("memory-hog"),
        runs=True,
    ),
    Fault(
        name="writes-to-root",
        what="writes beside its code at the start",
        check="service",
        recipe=f"{_STATE}{_own('writes-to-root')}",
        evidence="Read-only file system",
        runs=True,
    ),
)

HOSTILE: tuple[Fault, ...] = (
    Fault(
        name="endless-output",
        what="prints without end",
        check="service",
        recipe=_own("endless-output"),
        runs=True,
        slow=True,
        # Where it was busy all the time, it may have been the emulator that is too slow.
        emulated=("fail", "unknown"),
    ),
    Fault(
        name="endless-answer",
        what="answers without end",
        check="service",
        recipe=_own("endless-answer"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="fills-a-volume",
        what="writes without end to a volume that it declares",
        check="service",
        recipe=f"{_STATE}{_own('fills-a-volume')}VOLUME /app/state\n",
        evidence="No space left on device",
        runs=True,
    ),
    Fault(
        name="escape-sequences",
        what="prints what moves cursors, sets clipboards, looks like markup",
        check="service",
        recipe=_own("escape-sequences"),
        evidence="[@click=app.quit]",
        runs=True,
    ),
    Fault(
        name="escapes-in-label",
        what="the same in a label",
        check="labels",
        recipe='LABEL queue.backend="\x1b[2J[/bold]\x1b]52;c;b3duZWQ=\x07well"\n',
        evidence="[/bold]",
    ),
    Fault(
        name="forged-answer",
        what="a `python` that answers with what an honest image said once",
        check="python",
        recipe=f"{_own('forged-answer')}ENV PATH=/opt/forger/bin:/usr/local/bin:/usr/bin:/bin\n",
        also=_ALL_THAT_RUNS,
        evidence="gave no answer",
        runs=True,
    ),
    Fault(
        name="gibberish",
        what="a `python` that answers megabytes of nothing",
        check="python",
        recipe=f"{_own('gibberish')}ENV PATH=/opt/forger/bin:/usr/local/bin:/usr/bin:/bin\n",
        also=_ALL_THAT_RUNS,
        evidence="gave no answer",
        runs=True,
    ),
)

FAULTS: tuple[Fault, ...] = INDEX + STATIC + RUNNING + HOSTILE
