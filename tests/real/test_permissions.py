"""We ask for the same permissions as `docker buildx bake`, flag by flag."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.permissions import PermissionsNeeded, allow_flags, parse_permission
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.docker.facts import EngineFacts, read_facts
from openhqm_tui.run.start.prepare import prepare
from openhqm_tui.run.start.source import source_for
from tests.real.definitions import INLINE, READ_OUTSIDE, define

pytestmark = pytest.mark.engine


class Case(NamedTuple):
    """A definition of a target `app`; `flags` are those that Buildx asks for, '' if none."""

    text: str
    flags: str = ""
    environment: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    whole: bool = False


CASES = {
    "context inside": Case('context = "sub"'),
    "context is the folder above": Case('context = ".."', "--allow=fs.read=.."),
    "context outside": Case('context = "../outside"', READ_OUTSIDE),
    "context by its full path": Case('context = "{outside}"', READ_OUTSIDE),
    "context far away": Case('context = "/usr/share/doc"', "--allow=fs.read=/usr/share/doc"),
    "context through a link that leads out": Case('context = "link-out"', READ_OUTSIDE),
    "context through a link that stays inside": Case('context = "link-in"'),
    "context goes out and comes back": Case('context = "../project/sub"'),
    "context below a folder that goes up again": Case(
        'context = "sub/../../outside"', READ_OUTSIDE
    ),
    "context of the invocation, cwd://": Case('context = "cwd://../outside"', READ_OUTSIDE),
    "context of a git address": Case('context = "https://localhost:9/x.git"'),
    "context of git over ssh": Case('context = "git@localhost:x/y.git"', "--allow=ssh"),
    "context has a tilde, which is not expanded": Case('context = "~"'),
    "named context inside": Case('contexts = { x = "sub" }'),
    "named context outside": Case('contexts = { x = "../outside" }', READ_OUTSIDE),
    "named context is everything": Case('contexts = { x = "/" }', "--allow=fs.read=/"),
    "named context is an image": Case('contexts = { x = "docker-image://scratch" }'),
    "named context is a target": Case(
        'target "app" {\n contexts = { x = "target:base" }\n' + INLINE + "\n}\n"
        'target "base" {\n' + INLINE + "\n}",
        whole=True,
    ),
    "Dockerfile outside": Case(
        'dockerfile = "../outside/Dockerfile"', f"{READ_OUTSIDE}/Dockerfile"
    ),
    "Dockerfile is a link that leads out": Case(
        'dockerfile = "Dockerfile.link"', f"{READ_OUTSIDE}/Dockerfile"
    ),
    "Dockerfile of a context outside": Case(
        'context = "../outside"\ndockerfile = "Dockerfile"', READ_OUTSIDE
    ),
    "secret of a file inside": Case('secret = ["id=k,src=sub/file"]'),
    "secret of a file outside": Case('secret = ["id=k,src=../outside/key"]', f"{READ_OUTSIDE}/key"),
    "secret by type and source": Case(
        'secret = ["type=file,id=k,source={outside}/key"]', f"{READ_OUTSIDE}/key"
    ),
    "secret as an object": Case(
        'secret = [{ id = "k", src = "../outside/key" }]', f"{READ_OUTSIDE}/key"
    ),
    "secret of the environment": Case('secret = ["id=k,env=HOME"]'),
    "ssh agent": Case('ssh = ["default"]', "--allow=ssh"),
    "ssh socket outside": Case('ssh = ["default={outside}/agent"]', f"{READ_OUTSIDE}/agent"),
    "the host's network": Case('network = "host"', "--allow=network.host"),
    "no network": Case('network = "none"'),
    "privileged containers": Case(
        'entitlements = ["security.insecure"]', "--allow=security.insecure"
    ),
    "all devices": Case('entitlements = ["device"]', "--allow=device"),
    "one device": Case('entitlements = ["device=vendor.com/x=y"]', "--allow=device=vendor.com/x=y"),
    "cache written inside": Case('cache-to = ["type=local,dest=cache"]'),
    "cache written outside": Case(
        'cache-to = ["type=local,dest=../outside/cache"]', "--allow=fs.write=../outside"
    ),
    "cache written where nothing is": Case(
        'cache-to = ["type=local,dest=../new/cache"]', "--allow=fs.write=.."
    ),
    "cache read outside": Case('cache-from = ["type=local,src=../outside"]', READ_OUTSIDE),
    "cache of a registry read": Case('cache-from = ["localhost:9/x"]'),
    "cache read and written outside": Case(
        'cache-from = ["type=local,src=../outside"]\ncache-to = ["type=local,dest=../outside"]',
        "--allow=fs=../outside",
    ),
    "output to a folder outside": Case(
        'output = ["type=local,dest=../outside"]', "--allow=fs.write=../outside"
    ),
    "output to a file outside": Case(
        'output = ["type=tar,dest=../outside/key"]', "--allow=fs.write=../outside/key"
    ),
    "output to an OCI file outside": Case(
        'output = ["type=oci,dest=../outside/key"]', "--allow=fs.write=../outside/key"
    ),
    "output to a folder inside": Case('output = ["out"]'),
    "an inherited secret": Case(
        'target "_base" {\n secret = ["id=k,src=../outside/key"]\n}\n'
        'target "app" {\n inherits = ["_base"]\n' + INLINE + "\n}",
        f"{READ_OUTSIDE}/key",
        whole=True,
    ),
    "a variable's default": Case(
        'variable "WHERE" { default = "../outside" }\n'
        'target "app" {\n context = WHERE\n' + INLINE + "\n}",
        READ_OUTSIDE,
        whole=True,
    ),
    "a variable of the environment": Case(
        'variable "WHERE" { default = "../outside" }\n'
        'target "app" {\n context = WHERE\n' + INLINE + "\n}",
        environment=("WHERE=.",),
        whole=True,
    ),
    "everything at once": Case(
        'context = "../outside"\nnetwork = "host"\nssh = ["default"]\n'
        'secret = ["id=k,src=/etc/hostname"]\ncache-to = ["type=local,dest=../outside"]',
        "--allow=network.host --allow=ssh --allow=fs.read=/etc/hostname --allow=fs=../outside",
    ),
    "allowed by flags": Case(
        'context = "../outside"\nnetwork = "host"',
        allow=("fs.read=..", "network.host"),
    ),
    "allowed for another folder": Case(
        'context = "../outside"', READ_OUTSIDE, allow=("fs.read=../outside/cache", "fs.write=..")
    ),
    "files allowed by the environment": Case(
        'context = "../outside"\nssh = ["default"]',
        environment=("BUILDX_BAKE_ENTITLEMENTS_FS=0",),
    ),
    "the environment allows files only": Case(
        'network = "host"', "--allow=network.host", environment=("BUILDX_BAKE_ENTITLEMENTS_FS=0",)
    ),
}


@pytest.fixture(scope="module")
def facts() -> EngineFacts:
    return read_facts()


def bake_flags(allow: tuple[str, ...] = (), *words: str) -> tuple[str, ...]:
    """Return the flags that `docker buildx bake` asks for; without any, it builds."""
    ran = subprocess.run(
        [
            "docker",
            "buildx",
            "bake",
            "--progress",
            "plain",
            *(f"--allow={a}" for a in allow),
            *words,
            "app",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "additional privileges requested" not in ran.stderr or ran.returncode == 1
    if "ERROR: additional privileges requested" not in ran.stderr:
        return ()
    (flags,) = re.findall(r'^Pass "(.+)" to grant', ran.stderr, re.MULTILINE)
    return tuple(sorted(shlex.split(flags)))


def our_flags(facts: EngineFacts, allow: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the flags that a build of ours asks for; nothing is built."""
    granted = tuple(one for text in allow for one in parse_permission(text))
    options = BuildOptions(
        selection={"app": (parse_platform("linux/amd64"),)}, allow=granted, no_push=True
    )
    try:
        prepare(options, facts, source_for(Path.cwd()))
    except PermissionsNeeded as needed:
        flags = allow_flags(needed.missing, needed.folder)
        return tuple(sorted(word for flag in flags for word in shlex.split(flag)))
    return ()


def test_there_are_enough_definitions_of_both_kinds() -> None:
    assert len(CASES) >= 20
    assert 10 <= sum(not case.flags for case in CASES.values()) <= len(CASES) - 10


@pytest.mark.parametrize("name", CASES)
def test_we_ask_for_exactly_the_permissions_bake_asks_for(
    project: Path,
    facts: EngineFacts,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES[name]
    define(project, case.text, whole=case.whole)
    for variable in case.environment:
        monkeypatch.setenv(*variable.split("=", 1))
    # Buildx empties the files of outputs before it asks, so it comes second.
    ours = our_flags(facts, case.allow)
    assert (project.parent / "outside" / "key").read_text() == "private"
    theirs = bake_flags(case.allow)
    print(f"{name} | {' '.join(theirs) or '–'} | {' '.join(ours) or '–'}")
    assert ours == theirs
    assert theirs == tuple(sorted(case.flags.split()))


@pytest.mark.parametrize(
    ("override", "flags"),
    [
        ("secrets=id=k,src=../outside/key", ""),
        ("ssh=default", "--allow=ssh"),
        ("entitlements=network.host", ""),
        ("cache-from=type=local,src=../outside", ""),
        ("output=type=tar,dest=../outside/x.tar", ""),
        ("output=type=local,dest=../outside", ""),
        ("output=../outside", ""),
        ("cache-to=type=local,dest=../outside", ""),
        ("contexts.x=../outside", READ_OUTSIDE),
        ("context=../outside", READ_OUTSIDE),
        ("dockerfile=../outside/Dockerfile", f"{READ_OUTSIDE}/Dockerfile"),
    ],
)
def test_we_ask_for_what_set_names_if_bake_does(
    project: Path, facts: EngineFacts, override: str, flags: str
) -> None:
    define(project, "")
    (project.parent / "outside" / "Dockerfile").write_text("FROM scratch\nCOPY key /\n")
    words = ("--set", f"app.{override}")
    options, source = options_from(parse(["build", "app", *words]), project)
    try:
        prepare(options, facts, source)
        ours: list[str] = []
    except PermissionsNeeded as needed:
        ours = [shlex.split(flag)[0] for flag in allow_flags(needed.missing, needed.folder)]
    assert tuple(ours) == bake_flags((), *words) == tuple(flags.split())


# Permissions that Buildx overlooks and we ask for.
OVERLOOKED = {
    "a folder whose name begins like ours": Case(
        'contexts = { x = "../project-secrets" }', "--allow=fs.read=../project-secrets"
    ),
    "a secret of the file that its id names": Case(
        'secret = ["id=../outside/key"]', f"{READ_OUTSIDE}/key"
    ),
    "a link before a ..": Case('secret = ["id=k,src=link-deep/../key"]', f"{READ_OUTSIDE}/key"),
    "an OCI layout": Case('contexts = { x = "oci-layout://../outside" }', READ_OUTSIDE),
    "a link before a .. in a named context": Case(
        'contexts = { x = "link-deep/../sub" }', f"{READ_OUTSIDE}/sub"
    ),
    "a link named like a URL": Case('context = "https://localhost/x"', READ_OUTSIDE),
    "a URL with parent folders": Case(
        'context = "https://localhost/../../../outside"', READ_OUTSIDE
    ),
    "a link named like a repository": Case('context = "github.com/x/y"', READ_OUTSIDE),
    "a link named almost like an image": Case('contexts = { x = "docker-image:x" }', READ_OUTSIDE),
}


@pytest.mark.parametrize("name", OVERLOOKED)
def test_we_also_ask_for_permissions_that_bake_overlooks(
    project: Path, facts: EngineFacts, name: str
) -> None:
    secrets = project.parent / "project-secrets"
    secrets.mkdir()
    (project.parent / "outside" / "deep").mkdir()
    (project.parent / "outside" / "sub").mkdir()
    (project / "link-deep").symlink_to(project.parent / "outside" / "deep")
    for place in ("https:/localhost/x", "github.com/x/y", "docker-image:x"):
        (project / place).parent.mkdir(parents=True, exist_ok=True)
        (project / place).symlink_to(project.parent / "outside")
    # In the folder, where Buildx assumes it to be.
    (project / "key").write_text("harmless")
    define(project, OVERLOOKED[name].text)
    ours = our_flags(facts)
    theirs = bake_flags()
    print(f"{name} | {' '.join(theirs) or '–'} | {' '.join(ours) or '–'}")
    assert theirs == ()
    assert ours == tuple(OVERLOOKED[name].flags.split())
