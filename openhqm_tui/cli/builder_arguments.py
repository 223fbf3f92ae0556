"""The words of `openhqm-tui builders`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, add_list_format, later

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]

# As domain/plan/builders has them; its module would slow `--help` down.
DRIVERS = ("docker-container", "kubernetes", "remote")
_MODULE = "openhqm_tui.cli.commands.builders"


def add_builder_commands(commands: Commands) -> None:
    """Add `builders` and what can be done with one."""
    builders = commands.add_parser(
        "builders",
        help="list the Buildx builders; inspect, create, use, rm",
        description="List the Buildx builders with their nodes; the selected one is marked.",
    )
    add_list_format(builders)
    builders.set_defaults(run=later(_MODULE), builders_command="list")
    of_builders = builders.add_subparsers(
        dest="builders_command", metavar="COMMAND", title="commands"
    )

    inspect = of_builders.add_parser("inspect", help="tell all of one builder")
    inspect.add_argument("name", metavar="NAME", help="a builder of `openhqm-tui builders`")
    add_list_format(inspect)
    inspect.set_defaults(run=later(_MODULE))

    create = of_builders.add_parser(
        "create",
        help="make a builder, of one node or several",
        description="Make a builder and start it. Its commands are shown; what fails is taken "
        "away again.",
    )
    create.add_argument("name", metavar="NAME", help="what to call it")
    create.add_argument(
        "--driver",
        choices=DRIVERS,
        default=DRIVERS[0],
        metavar="DRIVER",
        help=f"{' '.join(DRIVERS)} ({DRIVERS[0]})",
    )
    create.add_argument(
        "--node",
        action="append",
        default=[],
        metavar="[PLATFORMS=]ENDPOINT",
        help="linux/arm64=ssh://me@arm1, tcp://HOST:PORT, unix:///PATH or a Docker context; "
        "again for more (the current engine)",
    )
    create.add_argument(
        "--driver-opt", action="append", default=[], metavar="K=V", help="an option of the driver"
    )
    create.add_argument("--use", action="store_true", help="select it for Buildx")
    create.add_argument("--no-start", action="store_true", help="make it, and start it later")
    create.set_defaults(run=later(_MODULE))

    use = of_builders.add_parser("use", help="select a builder for Buildx")
    use.add_argument("name", metavar="NAME", help="a builder of `openhqm-tui builders`")
    use.set_defaults(run=later(_MODULE))

    remove = of_builders.add_parser(
        "rm", help="remove a builder", description="Remove a builder, its nodes and their caches."
    )
    remove.add_argument("name", metavar="NAME", help="a builder of `openhqm-tui builders`")
    remove.add_argument("--yes", action="store_true", help="don't ask")
    remove.set_defaults(run=later(_MODULE))
