"""The arguments of `build` and `plan` that say what is built, from what, and how."""

from __future__ import annotations

from openhqm_tui.cli.buildx_flags import add_buildx_flags
from openhqm_tui.cli.parser import Once, Parser


def add_selection(parser: Parser) -> None:
    """Add the arguments that `build` and `plan` share."""
    parser.usage = "%(prog)s [TARGET… | --build-all] [OPTION…]"
    parser.rest_in = "targets"
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a variant, or a target or group of the bake file (default: the group `default` of "
        "the bake file)",
    )
    what.add_argument(
        "-b",
        "--backend",
        action="append",
        metavar="V",
        help="same as TARGET; repeatable, or comma-separated",
    )
    what.add_argument("--build-all", action="store_true", help="build all variants or targets")
    what.add_argument(
        *("-p", "--platforms", "--platform"),
        action="append",
        metavar="P,…",
        help="platforms to build; `uname -m` names are accepted too (default: "
        "linux/amd64,linux/arm64 for OpenHQM's variants, otherwise those that the target sets, or "
        "the builder's own)",
    )
    what.add_argument(
        *("-n", "--name"),
        action="append",
        metavar="N",
        help="image name, unless the bake file sets tags (default: openhqm for OpenHQM's variants, "
        "otherwise FOLDER-TARGET); repeatable: every image gets all names, for example to push to "
        "several registries",
    )
    what.add_argument(
        *("-t", "--tag"),
        action=Once,
        metavar="T",
        help="image tag, to which -VARIANT is appended for each variant (default: latest)",
    )
    source = parser.add_argument_group("source")
    source.add_argument(
        *("-f", "--file"),
        action="append",
        metavar="FILE",
        help="a bake or Compose file (default: the files that `docker buildx bake` reads); "
        "repeatable",
    )
    source.add_argument(
        "--context",
        metavar="DIR|GIT",
        help="build context: a folder or Git URL, such as an OpenHQM checkout (default: the "
        "current folder)",
    )
    source.add_argument(
        "--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the one in this package"
    )
    source.add_argument(
        "--base-image",
        metavar="REF",
        help="base image to use instead of the one that the Dockerfile names",
    )
    source.add_argument(
        "--python-version",
        metavar="X.Y",
        help="Python version of OpenHQM's variants (default: 3.13)",
    )
    source.add_argument(
        "--ca-bundle",
        metavar="FILE",
        help="CA certificates for downloads behind a TLS-intercepting proxy",
    )
    source.add_argument(
        "--checks",
        metavar="FILE",
        help="expectations for the images (default: openhqm-checks.toml)",
    )
    builder = parser.add_argument_group("builder and caches")
    builder.add_argument(
        "--builder", metavar="B", help="a Buildx builder (default: the selected one)"
    )
    builder.add_argument(
        "--allow",
        action="append",
        metavar="PERMISSION",
        help="grant a permission in Buildx's syntax: fs.read=PATH, fs.write=PATH, fs=PATH, "
        "network.host, security.insecure, ssh, device=NAME; repeatable (plan needs none)",
    )
    builder.add_argument(
        "--cache-from",
        action="append",
        metavar="CACHE",
        help="import the build cache from registry=REF, local=DIR, gha, or BuildKit's type=…; "
        "{variant} in REF or DIR is replaced with the name of the variant or target, which is "
        "otherwise appended; repeatable",
    )
    builder.add_argument(
        "--cache-to",
        action="append",
        metavar="CACHE",
        help="export the build cache: same values as --cache-from, or inline (in the image itself)",
    )
    changes = add_buildx_flags(parser)
    changes.add_argument(
        "--print", action="store_true", help="print the plan instead of building: same as `plan`"
    )
    changes.add_argument(
        "--list",
        metavar="TYPE",
        help="list the targets or variables of the bake file instead of building",
    )
