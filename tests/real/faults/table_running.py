"""The planted faults that only a running image shows, and hostile images."""

from __future__ import annotations

from tests.real.faults.fault import Fault, own

_SITE = "/usr/local/lib/python3*/site-packages"
# A folder owned by the image's user, which only a read-only file system protects.
_STATE = "COPY --from=workshop --chown=1000:1000 /state/ /app/state/\n"
# Without a working Python, none of these can be checked.
_ALL_THAT_RUNS = (
    *("machine", "python", "library", "extensions", "byte-code", "clients", "absent", "user"),
    *("service", "health-check"),
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
        what="its client is installed but can't be imported",
        check="clients",
        recipe=own("broken-client"),
        evidence="never_installed",
        runs=True,
    ),
    Fault(
        name="wrong-python",
        what="a Python of another version",
        check="python",
        recipe=own("wrong-python"),
        # Many installed packages are built for the original version.
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
        what="a compiled module of the core truncated after its header",
        check="extensions",
        recipe=f"USER 0\nRUN --network=none truncate -s 60 {_SITE}/pydantic_core/*.so\n"
        "USER 1000:1000\n",
        also=("service",),
        evidence="pydantic_core",
        runs=True,
    ),
    Fault(
        name="crashing-extension",
        what="one truncated later, which crashes Python; emulated, it may be the emulator",
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
        what="the packages without bytecode",
        check="byte-code",
        recipe=f"USER 0\nRUN --network=none rm -r {_SITE}/__pycache__ {_SITE}/*/__pycache__"
        f" {_SITE}/*/*/__pycache__\nUSER 1000:1000\n",
        runs=True,
    ),
    Fault(
        name="import-error",
        what="the service imports a missing module",
        check="service",
        recipe=own("import-error"),
        evidence="never_written",
        runs=True,
    ),
    Fault(
        name="answers-500",
        what="the service answers 500",
        check="service",
        recipe=own("answers-500"),
        evidence="500",
        runs=True,
        slow=True,
    ),
    Fault(
        name="crash-at-start",
        what="the service exits immediately",
        check="service",
        recipe=own("crash-at-start"),
        evidence="giving up",
        runs=True,
    ),
    Fault(
        name="segfault-at-start",
        what="the service crashes with a segmentation fault; emulated, it may be the emulator",
        check="service",
        recipe=own("segfault-at-start"),
        evidence="signal 11",
        runs=True,
        emulated=("unknown",),
    ),
    Fault(
        name="hang-at-start",
        what="the service sleeps",
        check="service",
        recipe=own("hang-at-start"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="fork-bomb",
        what="a fork bomb",
        check="service",
        recipe=own("fork-bomb"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="memory-hog",
        what="takes all the memory it gets",
        check="service",
        recipe=own("memory-hog"),
        runs=True,
    ),
    Fault(
        name="writes-to-root",
        what="writes next to its code at the start",
        check="service",
        recipe=f"{_STATE}{own('writes-to-root')}",
        evidence="Read-only file system",
        runs=True,
    ),
)

SERVICE: tuple[Fault, ...] = (
    Fault(
        name="needs-a-peer",
        what="four workers that exit without their queue, and are restarted",
        check="service",
        recipe=own("needs-a-peer"),
        evidence="needs localhost:6379, where nothing listens",
        runs=True,
        native=("unknown",),
        emulated=("unknown",),
    ),
    Fault(
        name="needs-a-name",
        what="keeps trying to reach an unknown host",
        check="service",
        recipe=own("needs-a-name"),
        evidence="needs redis:6379, which can't be resolved here",
        runs=True,
        native=("unknown",),
        emulated=("unknown",),
    ),
    Fault(
        name="crash-loop",
        what="four workers that exit with an error, and are restarted",
        check="service",
        recipe=own("crash-loop"),
        evidence="ModuleNotFoundError: No module named 'never_written'; processes keep exiting",
        runs=True,
    ),
    Fault(
        name="answers-once",
        what="ends after its first response",
        check="service",
        recipe=own("answers-once"),
        evidence="responded with 200 once, then exited with code 1: one is enough",
        runs=True,
    ),
    Fault(
        name="workers-flap",
        what="each worker exits after one response",
        check="service",
        recipe=own("workers-flap"),
        evidence="worker failed; processes keep exiting and restarting",
        runs=True,
    ),
    Fault(
        name="becomes-a-daemon",
        what="its main process exits and leaves a daemon behind",
        check="service",
        recipe=own("becomes-a-daemon"),
        evidence="the main process exited while others were still running",
        runs=True,
    ),
    Fault(
        name="loopback-only",
        what="listens on 127.0.0.1",
        check="service",
        recipe=own("loopback-only"),
        evidence="listens on 127.0.0.1:8000 only",
        runs=True,
    ),
    Fault(
        name="health-check-not-there",
        what="a health check with a command that isn't in the image",
        check="health-check",
        recipe="HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\n",
        evidence="the command isn't in the image or can't be executed: /bin/sh: 1: curl: not found",
        runs=True,
    ),
    Fault(
        name="health-check-fails",
        what="a health check of another port",
        check="health-check",
        recipe="""HEALTHCHECK CMD ["python", "-ISc", "import socket; \\
            socket.create_connection(('127.0.0.1', 8001))"]\n""",
        evidence="exit code 1: ConnectionRefusedError",
        runs=True,
    ),
    Fault(
        name="health-check-hangs",
        what="a health check that doesn't end",
        check="health-check",
        recipe="HEALTHCHECK --timeout=2s CMD sleep 1000\n",
        evidence="did not finish",
        runs=True,
        emulated=("unknown",),
    ),
    Fault(
        name="health-check-cannot-fail",
        what="a health check that passes whatever happens",
        check="health-check",
        recipe="HEALTHCHECK CMD python -c 'import urllib.nothing' 2>/dev/null || exit 0\n",
        evidence="the command can't fail, so it detects nothing",
        runs=True,
        native=("warn",),
        emulated=("warn",),
    ),
)

HOSTILE: tuple[Fault, ...] = (
    Fault(
        name="endless-output",
        what="prints without end",
        check="service",
        recipe=own("endless-output"),
        runs=True,
        slow=True,
        # If it was busy all the time, the emulator may have been too slow.
        emulated=("fail", "unknown"),
    ),
    Fault(
        name="endless-answer",
        what="answers without end",
        check="service",
        recipe=own("endless-answer"),
        runs=True,
        slow=True,
    ),
    Fault(
        name="fills-a-volume",
        what="writes without end to a volume that it declares",
        check="service",
        recipe=f"{_STATE}{own('fills-a-volume')}VOLUME /app/state\n",
        evidence="No space left on device",
        runs=True,
    ),
    Fault(
        name="escape-sequences",
        what="prints escape sequences and markup",
        check="service",
        recipe=own("escape-sequences"),
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
        what="a `python` that replays the output of an honest image",
        check="python",
        recipe=f"{own('forged-answer')}ENV PATH=/opt/forger/bin:/usr/local/bin:/usr/bin:/bin\n",
        also=_ALL_THAT_RUNS,
        evidence="reported nothing",
        runs=True,
    ),
    Fault(
        name="gibberish",
        what="a `python` that prints megabytes of garbage",
        check="python",
        recipe=f"{own('gibberish')}ENV PATH=/opt/forger/bin:/usr/local/bin:/usr/bin:/bin\n",
        also=_ALL_THAT_RUNS,
        evidence="reported nothing",
        runs=True,
    ),
)
