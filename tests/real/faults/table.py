"""The planted faults: what is wrong, how each is made, and the check that must find it.

Faults that only a running image shows are in `table_running`.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.real.faults.fault import Entry, Fault, Twist, of_other_machine, own
from tests.real.faults.table_running import HOSTILE, RUNNING, SERVICE

_OTHER = {"amd64": "arm64", "arm64": "amd64"}
# Assembled here, so that secret scanners don't report this file.
_AWS_SECRET = "wJalrXUtnFEMI" + "K7MDENGbPxRfiCY" + "Zq8vT1sR4uW2"
_TOKEN = "ghp_" + "q7Rt2LmX9vBn4KdW8sYc" + "3HgPz6FjTa1EuQ0o"
_PASSWORD = "correct-horse-7-battery"
SECRETS = (_AWS_SECRET, _TOKEN, _PASSWORD)


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


def _second_image(entries: list[Entry]) -> None:
    for entry in tuple(entries):
        entries.append(copy.deepcopy(entry))
        entries[-1].config["author"] = "another"


def _false_attestation(entries: list[Entry]) -> None:
    hidden = copy.deepcopy(entries[0])
    hidden.platform = {"os": "unknown", "architecture": "unknown"}
    hidden.annotations = {"vnd.docker.reference.type": "attestation-manifest"}
    entries.append(hidden)


def _hidden_image(entries: list[Entry]) -> None:
    for entry in tuple(entries):
        entries.append(copy.deepcopy(entry))
        entries[-1].annotations = {"vnd.docker.reference.type": "attestation-manifest"}


def _annotated(entries: list[Entry]) -> None:
    for entry in entries:
        entry.annotations = {"com.example.deploy-token": _TOKEN}


def _config(**changes: Any) -> Twist:
    def twist(entries: list[Entry]) -> None:
        for entry in entries:
            entry.config["config"] |= changes

    return twist


def _label(entries: list[Entry]) -> None:
    for entry in entries:
        entry.config["config"]["Labels"]["com.example.deploy-token"] = _TOKEN


def _author(entries: list[Entry]) -> None:
    for entry in entries:
        entry.config["author"] = f"me <me@example.com> {_TOKEN}"


def _comment(entries: list[Entry]) -> None:
    for entry in entries:
        entry.config["history"][-1]["comment"] = f"with DEPLOY_TOKEN={_TOKEN}"


INDEX: tuple[Fault, ...] = (
    Fault(
        name="missing-platform",
        what="an index without one of the platforms",
        check="index",
        twist=_missing_platform,
        # Nothing else can be checked of a missing image: unknown.
        also=("architecture", *_OF_FILES),
        evidence="linux/amd64",
    ),
    Fault(
        name="extra-platform",
        what="an index with a platform that wasn't requested",
        check="index",
        twist=_extra_platform,
        evidence="s390x",
    ),
    Fault(
        name="second-image",
        what="an index with two images for each platform",
        check="index",
        twist=_second_image,
        evidence="more than once",
    ),
    Fault(
        name="false-attestation",
        what="an index that lists an image as an attestation",
        check="index",
        twist=_false_attestation,
        evidence="listed as an attestation",
    ),
    Fault(
        name="hidden-image",
        what="a second image for each platform, hidden as an attestation",
        check="index",
        twist=_hidden_image,
        evidence="listed as an attestation",
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
        what="a config with another architecture than its manifest's platform",
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
        what="label `queue.backend` names another variant",
        check="labels",
        recipe="LABEL queue.backend=kafka\n",
        evidence="kafka",
    ),
    Fault(
        name="env-disagrees",
        what="`OPENHQM_QUEUE_BACKEND` names another variant",
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
        what="a changed command",
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
        name="secret-in-annotation",
        what="a token in an annotation",
        check="secrets",
        twist=_annotated,
        evidence="GitHub token in annotation com.example.deploy-token",
    ),
    Fault(
        name="secret-in-label",
        what="a token in a label",
        check="secrets",
        twist=_label,
        evidence="GitHub token in label com.example.deploy-token",
    ),
    Fault(
        name="secret-in-author",
        what="a token in the author",
        check="secrets",
        twist=_author,
        evidence="GitHub token in the author",
    ),
    Fault(
        name="secret-in-comment",
        what="a token in the comment of an instruction",
        check="secrets",
        twist=_comment,
        evidence="GitHub token in the comment on instruction",
    ),
    Fault(
        name="secret-in-command",
        what="a token as argument of the command",
        check="secrets",
        twist=_config(Cmd=["python", "-m", "openhqm.api.listener", "--token", _TOKEN]),
        also=("command",),
        evidence="GitHub token in the command",
    ),
    Fault(
        name="secret-in-entrypoint",
        what="a token in a variable that the entrypoint sets",
        check="secrets",
        twist=_config(Entrypoint=["/usr/bin/env", f"DEPLOY_TOKEN={_TOKEN}"]),
        also=("command",),
        evidence="GitHub token in the entrypoint",
    ),
    Fault(
        name="secret-in-health-check",
        what="a password in the health check's address",
        check="secrets",
        twist=_config(Healthcheck={"Test": ["CMD", "python", f"http://me:{_PASSWORD}@127.0.0.1"]}),
        evidence="credentials in a URL in the health check",
    ),
    Fault(
        name="root-by-a-sign",
        what="runs as root, spelled `+0`",
        check="user",
        twist=_config(User="+0"),
        evidence="uid 0 (+0)",
    ),
    Fault(
        name="root-by-alias",
        what="runs as root under another name",
        check="user",
        recipe=f"{own('root-by-alias')}USER toor\n",
        evidence="uid 0 (toor)",
    ),
    Fault(
        name="root-denied",
        what="runs as root, but its Python denies it",
        check="user",
        recipe=f"{own('root-denied')}USER 0:0\n",
        evidence="uid 0",
    ),
    Fault(
        name="writable-passwd",
        what="an /etc/passwd that everyone can write to",
        check="setuid",
        recipe="COPY --from=good --link --chmod=666 /etc/passwd /etc/passwd\n",
        evidence="/etc/passwd (666",
    ),
    Fault(
        name="writable-shadow",
        what="an /etc/shadow that everyone can write to",
        check="setuid",
        recipe="COPY --from=good --link --chmod=602 /etc/passwd /etc/shadow\n",
        evidence="/etc/shadow (602",
    ),
    Fault(
        name="foreign-in-wheel",
        what="a wheel for the other architecture",
        check="binaries",
        recipe=of_other_machine("foreign-in-wheel"),
        evidence="x.whl!/x/core.so",
    ),
    Fault(
        name="foreign-in-tarball",
        what="a program of the other architecture in a compressed tar",
        check="binaries",
        recipe=of_other_machine("foreign-in-tarball"),
        evidence="x.tar.gz!/bin/x",
    ),
    Fault(
        name="foreign-in-archives",
        what="a library of the other architecture in a wheel in a zip",
        check="binaries",
        recipe=of_other_machine("foreign-in-archives"),
        evidence="x.zip!/wheels/x.whl!/x/core.so",
    ),
    Fault(
        name="stubbed-client",
        what="a stub on PYTHONPATH instead of the client",
        check="clients",
        recipe=own("stubbed-client"),
        evidence="/app/src/redis/__init__.py is imported instead of",
    ),
    Fault(
        name="changed-client",
        what="its client was changed after the installation",
        check="clients",
        recipe=own("changed-client"),
        evidence="redis/utils.py doesn't match its hash in RECORD",
    ),
    Fault(
        name="false-version",
        what="the client's metadata claims another version",
        check="clients",
        recipe=own("false-version"),
        evidence="declares version 99.0",
    ),
    Fault(
        name="hidden-version",
        what="other metadata on PYTHONPATH hides that of the client",
        check="clients",
        recipe=own("hidden-version"),
        evidence="redis-99.0.dist-info shadows",
    ),
    Fault(
        name="client-outside",
        what="its command runs in a virtual environment without the client",
        check="clients",
        recipe=f'{own("client-outside")}CMD ["/opt/venv/bin/serve"]\n',
        also=("command",),
        evidence="No module named",
    ),
    Fault(
        name="python-missing",
        what="its command starts a Python that isn't there",
        check="python",
        recipe='CMD ["/opt/venv/bin/python", "-m", "openhqm.api.listener"]\n',
        also=("command", "machine", "clients", "absent"),
        evidence="no /opt/venv/bin/python in the image",
    ),
    Fault(
        name="oversize",
        what="96 MB too many",
        check="size",
        recipe="COPY --from=workshop --link /shelf/oversize/ /\n",
    ),
)

FAULTS: tuple[Fault, ...] = INDEX + STATIC + RUNNING + SERVICE + HOSTILE
