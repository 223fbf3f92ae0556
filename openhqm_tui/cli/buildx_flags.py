"""Every flag of `docker buildx bake` and `docker buildx build`, and what it does here.

The guide's table and the tests are made from this table.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from openhqm_tui.cli.parser import Parser
from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.overrides import Overrides
    from openhqm_tui.domain.plan.permissions import Permission
    from openhqm_tui.domain.platforms import Platform

SAME = "the same"
_ULIMIT = re.compile(r"\w+=-?\d+(:-?\d+)?")
_METHODS = {"check", "lint", "outline", "targets", "build"}
_DOCKERFILE = re.compile(r"(.*\.)?(Dockerfile|Containerfile)(\..*)?", re.IGNORECASE)
_NETWORKS = ("default", "none", "host")


class Way(Enum):
    """How a flag changes the targets."""

    SWITCH = auto()  # a flag of bake
    OPTION = auto()  # a flag of bake with a value
    SET = auto()  # --set *.KEY=VALUE
    PAIR = auto()  # --set *.KEY.NAME=VALUE
    ATTRIBUTE = auto()  # what --set of Buildx 0.29 ignores: a text
    ATTRIBUTES = auto()  # a list of texts


class BuildxFlag(NamedTuple):
    """A flag of `bake`, `build` or both, and what it does here.

    With `way`, it changes the targets: `key` is the attribute, `metavar` and `help` are for the
    help. A flag that isn't accepted says why in `refused`, and `here` what to use instead.
    """

    name: str
    of: str
    here: str = SAME
    short: str = ""
    way: Way | None = None
    key: str = ""
    metavar: str = ""
    help: str = ""
    refused: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The short and the long name."""
        return (self.short, self.name) if self.short else (self.name,)

    @property
    def cell(self) -> str:
        """The flag's cell in the guide."""
        return f"not available: {self.refused}; {self.here}" if self.refused else self.here


_BAKE, _BUILD, _BOTH = "bake", "build", "bake, build"

FLAGS: tuple[BuildxFlag, ...] = (
    BuildxFlag(
        *("--add-host", _BUILD),
        way=Way.PAIR,
        key="extra-hosts",
        metavar="HOST:IP",
        help="add a host to /etc/hosts of build containers",
    ),
    BuildxFlag("--allow", _BOTH),
    BuildxFlag(
        *("--annotation", _BUILD),
        way=Way.SET,
        key="annotations",
        metavar="KEY=VALUE",
        help="add an annotation to the images",
    ),
    BuildxFlag(
        *("--attest", _BUILD),
        way=Way.SET,
        key="attest",
        metavar="ATTESTATION",
        help="add an attestation, such as type=sbom",
    ),
    BuildxFlag(
        *("--build-arg", _BUILD),
        way=Way.PAIR,
        key="args",
        metavar="NAME=VALUE",
        help="set a build argument; without =VALUE, the value is taken from the environment",
    ),
    BuildxFlag(
        *("--build-context", _BUILD),
        way=Way.PAIR,
        key="contexts",
        metavar="NAME=VALUE",
        help="add or replace a named context, or the image in a FROM, as in "
        "debian:12=docker-image://REF",
    ),
    BuildxFlag("--builder", _BOTH),
    BuildxFlag(
        *("--cache-from", _BUILD),
        "the same; the cache is added to those of the file, and has short forms: `registry=REF`, "
        "`local=DIR`, `gha`",
    ),
    BuildxFlag(
        *("--cache-to", _BUILD),
        "the same; the cache is added to those of the file, and has short forms: `registry=REF`, "
        "`local=DIR`, `gha`, `inline`",
    ),
    BuildxFlag(
        *("--call", _BOTH),
        "the same; the output is in the log of each target",
        way=Way.OPTION,
        metavar="METHOD",
        help="what to do instead of building: check (lint), outline or targets",
    ),
    BuildxFlag(
        *("--cgroup-parent", _BUILD),
        "use `docker buildx build --cgroup-parent`",
        refused="a bake definition can't set it",
    ),
    BuildxFlag(
        *("--check", _BOTH),
        "use `--call check` to lint the Dockerfile",
        refused="images are checked by default, and Buildx's `--check` only lints the Dockerfile",
    ),
    BuildxFlag(
        *("--debug", _BOTH),
        "use `openhqm-tui plan … > bake.json` and `docker buildx bake --debug -f bake.json`",
        short="-D",
        refused="the log of a run has no debug messages",
    ),
    BuildxFlag(
        *("--file", _BAKE),
        "the same, but `-` and remote definitions are not available",
        short="-f",
    ),
    BuildxFlag(
        *("--file", _BUILD),
        "use `--dockerfile`; `-f` names bake files, as in `docker buildx bake`",
        short="-f",
    ),
    BuildxFlag(
        "--iidfile",
        _BUILD,
        "the same, for one target; the file is written when the run has finished",
    ),
    BuildxFlag(
        *("--label", _BUILD),
        way=Way.PAIR,
        key="labels",
        metavar="NAME=VALUE",
        help="set a label of the images",
    ),
    BuildxFlag(
        *("--list", _BAKE), "the same; `openhqm-tui variants` also lists OpenHQM's variants"
    ),
    BuildxFlag(
        *("--load", _BOTH),
        "the same; images are loaded in any case, to be checked",
        way=Way.SWITCH,
        help="load images into Docker (default)",
    ),
    BuildxFlag(
        *("--metadata-file", _BOTH),
        "the same, without `buildx.build.provenance`; the file is written when the run has "
        "finished",
    ),
    BuildxFlag(
        *("--network", _BUILD),
        way=Way.ATTRIBUTE,
        key="network",
        metavar="MODE",
        help="network mode of RUN instructions: default, none or host",
    ),
    BuildxFlag(
        *("--no-cache", _BOTH),
        way=Way.SWITCH,
        help="don't use cached build steps",
    ),
    BuildxFlag(
        *("--no-cache-filter", _BUILD),
        way=Way.ATTRIBUTES,
        key="no-cache-filter",
        metavar="STAGE",
        help="don't use cached steps of a stage",
    ),
    BuildxFlag(
        *("--output", _BUILD),
        "the same; images are loaded into Docker to be checked, `--push` pushes them, and an "
        "output to standard output (`-`) is not available",
        short="-o",
        way=Way.SET,
        key="output",
        metavar="OUTPUT",
        help="where to write the result, such as type=local,dest=DIR",
    ),
    BuildxFlag("--platform", _BUILD, "`--platforms` or `--platform`"),
    BuildxFlag("--print", _BAKE, "the same as `openhqm-tui plan`"),
    BuildxFlag(
        *("--progress", _BOTH),
        "`auto`, `plain` and `tty` are the same as with `--format`; instead of `rawjson`, use "
        "`--format json`, and instead of `quiet` and `none`, `--detach`",
    ),
    BuildxFlag(
        *("--provenance", _BOTH),
        way=Way.OPTION,
        metavar="VALUE",
        help="provenance attestation: true, false or mode=max",
    ),
    BuildxFlag(
        *("--pull", _BOTH),
        way=Way.SWITCH,
        help="always check the registries for newer base images",
    ),
    BuildxFlag("--push", _BOTH, "the same, once every image is verified"),
    BuildxFlag(
        *("--quiet", _BUILD),
        "use `--detach` to print only the run ID, or `--iidfile`",
        short="-q",
        refused="a run always prints its results",
    ),
    BuildxFlag(
        *("--sbom", _BOTH),
        way=Way.OPTION,
        metavar="VALUE",
        help="SBOM attestation: true, false or generator=IMAGE",
    ),
    BuildxFlag(
        *("--secret", _BUILD),
        way=Way.SET,
        key="secrets",
        metavar="SECRET",
        help="expose a secret to RUN instructions: id=NAME,src=FILE or id=NAME,env=VARIABLE",
    ),
    BuildxFlag(
        *("--set", _BAKE),
        way=Way.OPTION,
        metavar="TARGET.KEY=VALUE",
        help="override a value of a target, or of all targets that match a pattern: *.args.A=1",
    ),
    BuildxFlag(
        *("--shm-size", _BUILD),
        way=Way.SET,
        key="shm-size",
        metavar="SIZE",
        help="size of /dev/shm in build containers",
    ),
    BuildxFlag(
        *("--ssh", _BUILD),
        way=Way.SET,
        key="ssh",
        metavar="ID",
        help="expose an SSH agent or keys to RUN instructions: default, or ID=PATH",
    ),
    BuildxFlag(
        *("--tag", _BUILD),
        "use `--name NAME --tag TAG` if the file sets no tags, else `--set TARGET.tags=NAME:TAG`",
        short="-t",
    ),
    BuildxFlag(
        *("--target", _BUILD),
        way=Way.SET,
        key="target",
        metavar="STAGE",
        help="build a stage of the Dockerfile",
    ),
    BuildxFlag(
        *("--ulimit", _BUILD),
        way=Way.ATTRIBUTES,
        key="ulimits",
        metavar="NAME=SOFT[:HARD]",
        help="set a ulimit of build containers, such as nofile=1024",
    ),
    # Buildx 0.31 and later.
    BuildxFlag(
        *("--var", _BAKE),
        "use `NAME=VALUE openhqm-tui build`",
        refused="variables of bake files are read from the environment",
    ),
)


def add_buildx_flags(parser: Parser) -> argparse._ArgumentGroup:
    """Add the flags that change the targets, and say why others aren't accepted."""
    group = parser.add_argument_group(
        "changes to the targets, as in docker buildx",
        "Except for --set, --print and --list, these flags apply to every target. `openhqm-tui "
        "guides bake` lists every flag of Buildx.",
    )
    for flag in FLAGS:
        if flag.way is Way.SWITCH:
            group.add_argument(*flag.names, action="store_true", help=flag.help)
        elif flag.way is not None:
            once = flag.way is Way.ATTRIBUTE or (flag.way is Way.OPTION and flag.name != "--set")
            group.add_argument(
                *flag.names,
                action="store" if once else "append",
                metavar=flag.metavar,
                choices=_NETWORKS if flag.name == "--network" else None,
                help=flag.help,
            )
    parser.refused |= {
        name: (flag.refused, flag.here) for flag in FLAGS if flag.refused for name in flag.names
    }
    return group


def overrides_from(parsed: argparse.Namespace, platforms: Iterable[Platform] = ()) -> Overrides:
    """Return the changes that flags request; raises UsageProblem for an invalid value.

    Chosen `platforms` are also those of linked targets.
    """
    from openhqm_tui.domain.plan.overrides import Overrides

    words: list[str] = []
    attributes: dict[str, Any] = {}
    if texts := [str(platform) for platform in platforms]:
        attributes["platforms"] = texts
    # As bake does: --set comes first.
    for flag in sorted(FLAGS, key=lambda flag: flag.name != "--set"):
        value = _given(parsed, flag)
        if not value or flag.way is None:
            continue
        if flag.way is Way.SWITCH:
            words.append(flag.name)
        elif flag.way is Way.ATTRIBUTE:
            attributes[flag.key] = value
        elif flag.way is Way.ATTRIBUTES:
            _check_ulimits(value if flag.key == "ulimits" else ())
            attributes[flag.key] = list(value)
        else:
            words += _words(flag, value)
    return Overrides(tuple(words), attributes)


def granted_by(parsed: argparse.Namespace) -> tuple[Permission, ...]:
    """Return the permissions that flags imply, because they name files themselves.

    `docker buildx build` asks for none of these, bake for some that `--set` names.
    """
    from openhqm_tui.domain.plan.overrides import granted_by as granted_by_words
    from openhqm_tui.domain.plan.permissions import READ, SSH, WRITE, needed

    pairs = (text.partition("=") for text in parsed.build_context or ())
    body = {
        "contexts": {name: value for name, _, value in pairs},
        "output": parsed.output or (),
        "secret": parsed.secret or (),
        "ssh": parsed.ssh or (),
    }
    named = {one for one in needed(body) if one.key in {READ, WRITE, SSH}}
    return (*named, *granted_by_words(f"--set={text}" for text in parsed.set or ()))


def check_given_tag(tag: str) -> None:
    """Raise UsageProblem for a tag with an image name, as `docker buildx build` takes it."""
    name, colon, last = tag.rpartition(":")
    if "/" in tag or colon:
        name, last = (name, last) if colon and "/" not in last else (tag, "")
        rest = f" --tag {last}" if last else ""
        raise UsageProblem(
            f"--tag {tag}: the tag can't contain an image name",
            fix=f"use --name {name}{rest}, or --set 'TARGET.tags={tag}'",
        )


def check_given_files(files: Iterable[str]) -> None:
    """Raise UsageProblem for a Dockerfile, as `docker buildx build` takes it."""
    for file in files:
        if _DOCKERFILE.fullmatch(file.rpartition("/")[2]):
            raise UsageProblem(
                f"--file {file}: not a bake file or Compose file",
                fix=f"use --dockerfile {file}",
            )


def check_given_targets(words: Iterable[str]) -> None:
    """Raise UsageProblem for a path, as `docker buildx build` takes it, or an address."""
    # Not for --help.
    from openhqm_tui.domain.plan.image_names import is_remote

    for word in words:
        if is_remote(word) or "://" in word:
            raise UsageProblem(
                f"remote bake definitions are not supported: {word}",
                fix="clone the repository and run openhqm-tui in it",
            )
        if word == "-":
            raise UsageProblem(
                "a bake file can't be read from standard input", fix="use --file FILE"
            )
        if "/" in word or not word.strip("."):
            raise UsageProblem(f"'{word}' is a path, not a target", fix=f"use --context {word}")


def _given(parsed: argparse.Namespace, flag: BuildxFlag) -> Any:
    return getattr(parsed, flag.name.lstrip("-").replace("-", "_"), None) if flag.way else None


def _words(flag: BuildxFlag, value: Any) -> list[str]:
    """Return flags of bake that have the effect of a flag with this value, or these values."""
    values = [value] if isinstance(value, str) else value
    if flag.name == "--call" and values[0].partition(",")[0] not in _METHODS:
        raise UsageProblem(
            f"invalid value '{values[0]}' for --call", valid="check outline targets build"
        )
    if flag.way is Way.OPTION:
        return [f"{flag.name}={text}" for text in values]
    if flag.way is Way.SET:
        return [f"--set=*.{flag.key}={text}" for text in values]
    return [f"--set=*.{flag.key}.{_pair(flag, text)}" for text in values]


def _pair(flag: BuildxFlag, text: str) -> str:
    mark = "=" if "=" in text or flag.key != "extra-hosts" else ":"
    name, equals, value = text.partition(mark)
    if not name or (not equals and flag.key in {"contexts", "extra-hosts"}):
        raise UsageProblem(f"{flag.name} {text}: not a valid value", fix=f"write {flag.metavar}")
    # bake sets an argument without a value from the environment, too, but no label.
    return f"{name}={value}" if equals or flag.key == "labels" else name


def _check_ulimits(limits: Iterable[str]) -> None:
    for limit in limits:
        if not _ULIMIT.fullmatch(limit):
            raise UsageProblem(
                f"--ulimit {limit}: not a valid limit", fix="write NAME=SOFT or NAME=SOFT:HARD"
            )
