"""The options of a build, from flags, settings or the Plan screen; and their validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import DEFAULT_NAME, Source, SourceKind, check_tag
from openhqm_tui.domain.plan.image_names import (
    check_builder,
    check_names,
    check_reference,
    split_names,
)
from openhqm_tui.domain.plan.overrides import NO_OVERRIDES, Overrides, check_overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from openhqm_tui.domain.plan.cache import Cache
    from openhqm_tui.domain.plan.permissions import Permission
    from openhqm_tui.domain.platforms import Platform

# Seconds: an emulated `pip install` may compile for minutes without output.
QUIET_AFTER = 300.0
# Keys that decide what is built and what is expected of it.
_CONTENT_KEYS = ("context", "dockerfile", "checks")


@dataclass(frozen=True)
class BuildOptions:
    """The requested build; `selection` has the platforms of each variant by its name.

    `name` is one image name or several, separated by commas: every tag exists under each. '' for
    builder and base image stands for the automatic choice. With `allow_unknown`, a push
    includes images with inconclusive checks. `allow` is what the user grants beyond the folder;
    with `no_push`, pushes that the file itself requests are left out.

    With `companions` False, the checks start services without the containers that they need.

    `overrides` change the targets of the definition.

    `jobs` 0: all targets in parallel. `ca_bundle` is a file of certificates for the installs,
    `checks` one with expectations ('': the project's own, if it has one). A warning is given if a
    build prints nothing for `quiet_after` seconds; 0 disables it. `ignored` are keys in the
    project's settings that only the user may set.
    """

    selection: dict[str, tuple[Platform, ...]]
    name: str = DEFAULT_NAME
    tag: str = "latest"
    push: bool = False
    allow_unknown: bool = False
    builder: str = ""
    base_image: str = ""
    jobs: int = 0
    test_only: bool = False
    allow: tuple[Permission, ...] = ()
    no_push: bool = False
    cache_from: tuple[Cache, ...] = ()
    cache_to: tuple[Cache, ...] = ()
    check: bool = True
    companions: bool = True
    quiet_after: float = QUIET_AFTER
    python_version: str = "3.13"
    context: str = ""
    dockerfile: str = ""
    ca_bundle: str = ""
    checks: str = ""
    ignored: tuple[str, ...] = ()
    overrides: Overrides = NO_OVERRIDES

    @property
    def names(self) -> tuple[str, ...]:
        """The image names, the main one first."""
        return split_names(self.name)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Every selected platform, once."""
        return tuple(dict.fromkeys(p for chosen in self.selection.values() for p in chosen))

    @property
    def multi_platform(self) -> bool:
        """Whether some target has several platforms."""
        return any(len(chosen) > 1 for chosen in self.selection.values())


def validate(options: BuildOptions, source: Source | None = None) -> None:
    """Raise UsageProblem for the first invalid option; `source` None: not known yet."""
    for _, problem in problems_in(options, source):
        raise problem


def problems_in(
    options: BuildOptions, source: Source | None = None
) -> Iterator[tuple[str, UsageProblem]]:
    """Yield what is wrong with the options, each with its field on the Plan screen."""
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("name", lambda: check_names(options.names)),
        ("name", lambda: _check_one_name(options, source)),
        ("tag", lambda: check_tag(options.tag, source.variants if source else ())),
        ("builder", lambda: options.builder and check_builder(options.builder)),
        ("base", lambda: _check_base(options.base_image, source)),
        ("push", lambda: _check_push(options)),
        ("set", lambda: check_overrides(options.overrides.words)),
    )
    for field, check in checks:
        try:
            check()
        except UsageProblem as problem:
            yield field, problem


def field_errors(options: BuildOptions, source: Source | None) -> dict[str, str]:
    """Return what is wrong with each field, by the field's name."""
    return {field: str(problem) for field, problem in problems_in(options, source)}


def has_own_tags(source: Source) -> bool:
    """Return whether a bake file sets its images' tags."""
    return any(body.get("tags") for body in source.bake_targets.values())


def _check_one_name(options: BuildOptions, source: Source | None) -> None:
    if len(options.names) > 1 and source is not None and has_own_tags(source):
        raise UsageProblem(
            "the bake file sets the tags, so only one image name can be given",
            fix="list all tags in the bake file",
        )


def _check_base(image: str, source: Source | None) -> None:
    if not image:
        return
    if source is not None and source.kind is SourceKind.BAKE:
        if source.bake_file:
            raise UsageProblem(
                "targets of a bake file may have different base images, so there is no single one "
                "to replace",
                fix="omit the base image, and replace the image in FROM with a named "
                "context: build-context NAME=docker-image://REF, or `contexts` in the bake file",
            )
        _check_replaceable(source)
    check_reference(image)


def _check_replaceable(source: Source) -> None:
    """Raise UsageProblem if it isn't clear which image of a lone Dockerfile is to be replaced."""
    names = ", ".join(source.bases)
    if any("$" in name for name in source.bases):
        raise UsageProblem(
            f"the base image of {source.dockerfile} depends on a build argument ({names})",
            fix="omit the base image, and set the argument: build-arg NAME=VALUE",
        )
    if len(source.bases) != 1:
        what = f"{len(source.bases)} base images ({names})" if source.bases else "no base image"
        raise UsageProblem(
            f"{source.dockerfile} has {what}, so there is no single one to replace",
            fix="omit the base image, and replace the image in FROM with a named context: "
            "build-context NAME=docker-image://REF",
        )


def _check_push(options: BuildOptions) -> None:
    if not options.push:
        return
    if options.test_only:
        raise UsageProblem("push can't be combined with test-only", fix="choose one of them")
    if options.no_push:
        raise UsageProblem("push can't be combined with no-push", fix="choose one of them")
    if not options.check:
        raise UsageProblem(
            "only verified images can be pushed, but checks are turned off",
            fix="turn off push, or turn on the checks",
        )
    for key in _CONTENT_KEYS:
        if key in options.ignored and not getattr(options, key):
            raise UsageProblem(
                f"the project's setting `{key}` is ignored, so the images would differ from the "
                "project's own",
                fix=f"turn off push, or set `{key}` with a flag or in your own settings",
            )
