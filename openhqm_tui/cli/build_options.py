"""Build options from flags and settings; a flag takes precedence over any setting."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from openhqm_tui.cli.buildx_flags import (
    check_given_files,
    check_given_tag,
    check_given_targets,
    granted_by,
    overrides_from,
)
from openhqm_tui.cli.surroundings import settings_here
from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.bake import (
    DEFAULT_NAME,
    Source,
    SourceKind,
    Variant,
    check_tag,
)
from openhqm_tui.domain.plan.cache import CacheKind
from openhqm_tui.domain.plan.options import QUIET_AFTER, BuildOptions, validate
from openhqm_tui.domain.plan.permissions import parse_permission
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, parse_platforms
from openhqm_tui.engine.source.certificates import ca_bundle
from openhqm_tui.run.start.permissions import of_settings
from openhqm_tui.run.start.preflight import caches_of
from openhqm_tui.run.start.source import source_for
from openhqm_tui.store.checks_files import project_checks


def options_from(parsed: argparse.Namespace, folder: Path) -> tuple[BuildOptions, Source]:
    """Return the options and the source; raises UsageProblem for the first invalid option."""
    settings = settings_here(folder)
    if parsed.tag:
        check_given_tag(parsed.tag)
    check_given_files(parsed.file or ())
    chosen = parsed.platforms or settings.platforms
    platforms = parse_platforms(chosen) if chosen else None
    options = BuildOptions(
        selection={},
        name=_names(parsed.name, settings.name),
        tag=_first(parsed.tag, settings.tag, "latest"),
        jobs=getattr(parsed, "jobs", None) or settings.jobs or 0,
        quiet_after=_quiet_after(getattr(parsed, "quiet_after", None), settings.quiet_after),
        builder=_first(parsed.builder, settings.builder, ""),
        base_image=_first(parsed.base_image, settings.base_image, ""),
        python_version=_python(_first(parsed.python_version, settings.python_version, "3.13")),
        context=_first(parsed.context, settings.context, ""),
        dockerfile=_first(parsed.dockerfile, settings.dockerfile, ""),
        ca_bundle=ca_bundle(_first(parsed.ca_bundle, settings.ca_bundle, "")),
        checks=_first(getattr(parsed, "checks", None), settings.checks, ""),
        check=not getattr(parsed, "no_check", False) and settings.check is not False,
        companions=not getattr(parsed, "no_companions", False),
        test_only=getattr(parsed, "test_only", False),
        push=getattr(parsed, "push", False),
        ignored=tuple(settings.refused),
        cache_from=caches_of(parsed.cache_from or settings.cache_from, CacheKind.FROM, folder),
        cache_to=caches_of(parsed.cache_to or settings.cache_to, CacheKind.TO, folder),
        allow_unknown=getattr(parsed, "allow_unknown", False),
        allow=(
            *(one for text in parsed.allow or () for one in parse_permission(text)),
            *granted_by(parsed),
            *of_settings(settings.allow, folder),
        ),
        overrides=overrides_from(parsed, platforms or ()),
        no_push=getattr(parsed, "no_push", False),
    )
    if options.allow_unknown and not options.push:
        raise UsageProblem(
            "--allow-unknown requires --push", fix="add --push, or omit --allow-unknown"
        )
    validate(options)
    project_checks(folder, options.checks)
    named = _words([*(parsed.targets or ()), *(parsed.backend or ())])
    check_given_targets(parsed.targets or ())
    if parsed.build_all and named:
        raise UsageProblem(
            "--build-all can't be combined with named targets",
            fix="omit --build-all, or omit the targets",
        )
    # Check names before reading files or contacting the engine, so that a typo fails fast.
    if not (options.context or options.dockerfile or parsed.file):
        _check_names_early(named, folder)
    wanted = named or list(settings.backends or ())
    source = source_for(
        folder,
        context=options.context,
        dockerfile=options.dockerfile,
        files=parsed.file or (),
        wanted=None if parsed.build_all else wanted,
        overrides=options.overrides,
    )
    variants = source.variants if parsed.build_all else _variants(wanted, source)
    check_tag(options.tag, variants)
    # A definition's targets have their own platforms.
    default = () if source.kind is SourceKind.BAKE else DEFAULT_PLATFORMS
    selection = {
        variant.name: platforms or (() if source.given(variant.name).get("platforms") else default)
        for variant in variants
    }
    options = replace(options, selection=selection)
    _check_given_names(parsed, options, source)
    return options, source


def list_definition(parsed: argparse.Namespace, folder: Path) -> str:
    """Return what `docker buildx bake --list` prints about the bake file; raises UsageProblem."""
    from openhqm_tui.domain.text import plain
    from openhqm_tui.engine.source.definition import definition_in, print_list

    definition = definition_in(folder / (parsed.context or ""), parsed.file or ())
    if definition is None:
        where = parsed.context or "this folder"
        raise UsageProblem(
            f"there is no bake or Compose file in {where}, so --list has nothing to list",
            fix="use `openhqm-tui variants`",
        )
    # Buildx separates its columns with tabs.
    listed = print_list(definition, parsed.list)
    return "\t".join(plain(text) for text in listed.split("\t"))


def _first(*values: str | None) -> str:
    return next((value for value in values if value is not None), "")


def _names(*values: str | list[str] | None) -> str:
    """Return the first given names, separated by commas: `--name a --name b` is `--name a,b`."""
    first = next((names for names in values if names is not None), DEFAULT_NAME)
    return first if isinstance(first, str) else ",".join(first)


def _quiet_after(*values: float | None) -> float:
    return next((value for value in values if value is not None), QUIET_AFTER)


def _python(version: str) -> str:
    if not re.fullmatch(r"3\.\d{1,2}", version):
        raise UsageProblem(
            f"unsupported Python version '{version}'",
            fix="use a version of the form 3.N, such as 3.13",
        )
    return version


def _words(backends: list[str]) -> list[str]:
    return [word.strip() for text in backends for word in text.split(",") if word.strip()]


def _check_names_early(named: list[str], folder: Path) -> None:
    """Raise UsageProblem for an unknown variant, unless files in the folder decide the names."""
    from openhqm_tui.engine.source.definition import definition_in
    from openhqm_tui.store.checks_files import our_variant

    if not definition_in(folder) and not (folder / "Dockerfile").is_file():
        for word in named:
            our_variant(word)


def _variants(words: list[str], source: Source) -> tuple[Variant, ...]:
    by_name = {variant.name: variant for variant in source.variants}
    if source.kind is SourceKind.BAKE and (source.bake_file or not words):
        # Buildx has resolved groups.
        if not source.selected:
            raise UsageProblem(
                f"'{' '.join(words)}' selects no target of {source.bake_file}"
                if words
                else f"{source.bake_file} has no group or target `default`",
                fix="name a target or use --build-all",
                valid=" ".join([*by_name, *(group.name for group in source.groups)]),
            )
        return tuple(by_name[name] for name in source.selected)
    if not words:
        raise UsageProblem(
            "nothing selected to build",
            fix="name a variant of the bundled example (OpenHQM), or use --build-all"
            if source.example
            else "name a variant or use --build-all",
            valid=" ".join(by_name),
        )
    by_lower = {name.lower(): variant for name, variant in by_name.items()}
    chosen = []
    for word in dict.fromkeys(words):
        found = by_name.get(word) or by_lower.get(word.lower())
        if found is None:
            guess = nearest(word, by_name)
            what = "target" if source.kind is SourceKind.BAKE else "variant"
            raise UsageProblem(
                f"unknown {what} '{word}'",
                fix=f"did you mean {guess}?" if guess else "",
                valid=" ".join(by_name),
            )
        chosen.append(found)
    return tuple(dict.fromkeys(chosen))


def _check_given_names(parsed: argparse.Namespace, options: BuildOptions, source: Source) -> None:
    """Raise UsageProblem if a flag would name images that the definition names itself."""
    flag = "--name" if parsed.name else "--tag" if parsed.tag else ""
    tagged = [name for name in options.selection if source.given(name).get("tags")]
    if flag and tagged and not options.test_only:
        target = tagged[0]
        if not source.bake_file or options.overrides.sets(target, "tags"):
            raise UsageProblem(
                f"{flag} has no effect on {target}: --set sets its `tags`",
                fix=f"omit {flag}, and set every tag with --set",
            )
        raise UsageProblem(
            f"{flag} has no effect on {target}: {source.bake_file} sets its `tags`",
            fix=f"omit {flag}, or use --set '{target}.tags=NAME:TAG'",
        )
