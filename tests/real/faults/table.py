"""The planted faults: what each is, how it is made, and the check that is meant to catch it.

Those that only a running image shows are in `table_running`.
"""

from __future__ import annotations

import copy

from tests.real.faults.fault import Entry, Fault, own
from tests.real.faults.table_running import HOSTILE, RUNNING

_OTHER = {"amd64": "arm64", "arm64": "amd64"}
# Put together here, so that no scanner takes this file for a leak.
_AWS_SECRET = "wJalrXUtnFEMI" + "K7MDENGbPxRfiCY" + "Zq8vT1sR4uW2"
_TOKEN = "ghp_" + "q7Rt2LmX9vBn4KdW8sYc" + "3HgPz6FjTa1EuQ0o"
SECRETS = (_AWS_SECRET, _TOKEN)


_OF_FILES = ("binaries", "setuid", "compilers", "caches", "secrets", "size", "user")


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
        recipe=own("pip-cache"),
        evidence="pip",
    ),
    Fault(
        name="apt-cache",
        what="apt's lists and packages left inside",
        check="caches",
        recipe=own("apt-cache"),
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
        recipe=f"{own('secret-deleted')}USER 0\n"
        "RUN --network=none rm /app/deploy_key.pem\nUSER 1000:1000\n",
        evidence="deploy_key.pem",
    ),
    Fault(
        name="secret-file",
        what="a private key in the image",
        check="secrets",
        recipe=own("secret-file"),
        evidence="id_ed25519",
    ),
    Fault(
        name="oversize",
        what="96 MB too many",
        check="size",
        recipe="COPY --from=workshop --link /shelf/oversize/ /\n",
    ),
)

FAULTS: tuple[Fault, ...] = INDEX + STATIC + RUNNING + HOSTILE
