"""From a request to a started run: validate everything, then start one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from openhqm_tui import __version__
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.bake import (
    Choices,
    Plan,
    Source,
    SourceKind,
    Target,
    added_output,
    changes,
    linked_targets,
    make_plan,
    not_built,
    repository_of,
)
from openhqm_tui.domain.plan.image_names import full_name
from openhqm_tui.domain.plan.options import BuildOptions, validate
from openhqm_tui.domain.plan.outputs import builds_image
from openhqm_tui.domain.platforms import LOCAL, Platform, own_platforms, parse_platform
from openhqm_tui.domain.run.events import MOST_LANES, RunInfo, TargetInfo
from openhqm_tui.domain.text import Inert
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.source.base_image import BOOTSTRAPPED_BASE, BaseChoice, choose_base
from openhqm_tui.engine.source.certificates import ca_bundle
from openhqm_tui.engine.source.git import commit_of, origin_of
from openhqm_tui.run.start.permissions import check_permissions, check_pushes
from openhqm_tui.run.start.preflight import (
    check_base,
    check_caches,
    check_engine,
    exposed_state,
)
from openhqm_tui.store.checks_files import project_checks
from openhqm_tui.store.paths import bundled, emulators_file, ready_state_folder, state_place
from openhqm_tui.store.retention import Limits
from openhqm_tui.store.run_folder import (
    LaneExpectation,
    RunFolder,
    new_run_id,
    runs_folder,
)

if TYPE_CHECKING:
    from openhqm_tui.domain.checks.config_file import ChecksFile

# Where the bundled Dockerfile and context come from.
OUR_SOURCE = "https://github.com/openhqm/openhqm-tui"
THROWAWAY = "openhqm-tui-test"
_LIBRARY = "docker.io/library/"


class Prepared(Inert, frozen=True, kw_only=True):
    """A run that is ready to start: its plan, its `run.json`, and the expectations.

    `origin` says where the expectations come from, `added_output` what targets without an output
    get.
    """

    plan: Plan
    info: RunInfo
    expectations: tuple[LaneExpectation, ...]
    warnings: tuple[str, ...] = ()
    origin: str = ""
    added_output: str = ""


def prepare(
    options: BuildOptions, facts: EngineFacts, source: Source, *, plan_only: bool = False
) -> Prepared:
    """Resolve options into a run, and find every reason why it can't work before it starts.

    Raises UsageProblem for bad input and EngineProblem for what the engine can't do; with
    `plan_only` no engine is needed.
    """
    now = time.time()
    run_id = new_run_id(now)
    native = _native(facts)
    options, warnings = _with_own_platforms(options, source, native)
    platforms = options.platforms
    _validate(options, source)
    own = project_checks(Path.cwd(), options.checks)
    if not plan_only:
        warnings += _check_builder(options, facts)
    base = _base(options, facts, source, platforms)
    if base is not None and base.ref == _bootstrapped(options) and options.overrides.pulls:
        raise UsageProblem(
            f"--pull looks for base images in registries, but {base.ref} was built on this machine",
            fix="omit --pull, or use --base-image REF",
        )
    if base is not None and not plan_only:
        warnings += check_base(base, platforms, facts, asked=bool(options.base_image))
    bundle = ca_bundle(options.ca_bundle)
    # The plan of a bake file doesn't contain it.
    commit = _Commit() if plan_only and source.kind is SourceKind.BAKE else _commit(source)
    plan = _resolve(
        options, source, base, bundle, commit, run_id, native, by_digest=_by_digest(options, facts)
    )
    _check_tags(plan)
    warnings += [
        *source.problems,
        *changes(source, plan, native, push=options.push),
        *_to_docker_library(plan, options),
    ]
    expected = _Expected()
    if not plan_only or own is not None or source.kind is not SourceKind.BAKE:
        expected = _expected(options, source, plan, own)
        warnings += expected.warnings
    allow: tuple[str, ...] = ()
    if not plan_only:
        from openhqm_tui.engine.doctor.emulators import with_emulators

        facts = with_emulators(facts, platforms, memory=emulators_file())
        cwd = _working_folder(source)
        allow = check_permissions(options, source, plan, cwd, bundle)
        check_pushes(options, source)
        warnings += exposed_state(plan.targets, state_place(), Path(cwd))
    info = _run_info(options, facts, source, plan, base, allow, commit, run_id, now)
    return Prepared(
        plan=plan,
        info=info,
        expectations=expected.lanes,
        warnings=tuple(warnings),
        origin=expected.origin,
        added_output=added_output(source, plan),
    )


class _Expected(NamedTuple):
    """What is expected of the images, where that comes from, and warnings about it."""

    lanes: tuple[LaneExpectation, ...] = ()
    origin: str = ""
    warnings: tuple[str, ...] = ()


def _expected(
    options: BuildOptions, source: Source, plan: Plan, own: ChecksFile | None
) -> _Expected:
    # All checks: importing them takes longer than most plans.
    from openhqm_tui.run.start.expectations import (
        companion_lines,
        idle_tables,
        requirement_problems,
        resolver_for,
    )

    resolver = resolver_for(source, own, python=options.python_version, platforms=options.platforms)
    lanes = tuple(
        LaneExpectation(
            target=target.name,
            expectation=resolver.of(
                target.variant, platform, target.platforms, companions=options.companions
            ),
        )
        for target in plan.targets
        if not target.artifacts
        for platform in target.platforms
    )
    warnings = [*idle_tables(source, own), *requirement_problems(source)]
    if options.check:
        warnings += companion_lines(one.expectation for one in lanes)
    return _Expected(lanes, resolver.origin, tuple(warnings))


def depends_on_builder(options: BuildOptions, source: Source) -> bool:
    """Return whether a plan depends on the driver of the builder or on its own platform."""
    if source.kind is not SourceKind.BAKE or options.push:
        return True
    return any(
        platforms or LOCAL in (source.bake_targets[name].get("platforms") or ())
        for name, platforms in options.selection.items()
    )


def _native(facts: EngineFacts) -> Platform:
    """Return the builder's own platform; without an engine, this machine's."""
    return facts.native or parse_platform(os.uname().machine)


def _validate(options: BuildOptions, source: Source) -> None:
    """Raise UsageProblem for options that are wrong with any engine."""
    if not options.selection:
        raise UsageProblem("nothing selected to build", fix="name a target or use --build-all")
    if sum(map(len, options.selection.values())) > MOST_LANES:
        raise UsageProblem(
            f"too many images for one run (limit: {MOST_LANES})",
            fix="select fewer targets or platforms",
        )
    validate(options, source)


def _resolve(
    options: BuildOptions,
    source: Source,
    base: BaseChoice | None,
    bundle: str,
    commit: _Commit,
    run_id: str,
    native: Platform,
    *,
    by_digest: bool,
) -> Plan:
    """Return the plan: one target per selected variant."""
    replaced = source.bases[0] if source.bases else _upstream(options)
    mapped = {replaced: base.ref} if base is not None and base.mapped else {}
    targets = []
    for name, platforms in options.selection.items():
        choices = Choices(
            variants=(next(v for v in source.variants if v.name == name),),
            platforms=platforms,
            name=options.names[0],
            more_names=options.names[1:],
            tag=options.tag,
            builder=options.builder,
            base_for=mapped,
            python_version=options.python_version,
            ca_bundle=bundle,
            throwaway=f"{THROWAWAY}:{run_id}" if options.test_only else "",
            created=commit.created,
            revision=commit.revision,
            source_url=commit.source,
            cache_from=options.cache_from,
            cache_to=options.cache_to,
            by_digest=by_digest,
            push=options.push,
            native=native,
        )
        targets.append(make_plan(source, choices).targets[0])
    return Plan(
        targets=tuple(targets),
        builder=options.builder,
        linked=linked_targets(source, options.selection, push=options.push),
    )


def _with_own_platforms(
    options: BuildOptions, source: Source, native: Platform
) -> tuple[BuildOptions, list[str]]:
    """Return options in which targets without chosen platforms have those of the definition.

    Images that can't be built for any of these are left out; a line for each names them.
    """
    selection, lines = {}, []
    for name, chosen in options.selection.items():
        body = source.given(name)
        found, left = own_platforms(body.get("platforms") or (), native)
        if not chosen and left and not any(found.values()) and builds_image(body):
            lines.append(not_built(name, left))
        else:
            selection[name] = chosen or tuple(found)
    if lines and not selection:
        raise UsageProblem("; ".join(lines), fix=f"use --platforms {native}")
    return replace(options, selection=selection), lines


def _check_tags(plan: Plan) -> None:
    """Raise UsageProblem if two targets have a tag in common: only one image would have it."""
    owners: dict[str, str] = {}
    for target in plan.targets:
        for tag in target.tags:
            name = repository_of(tag)
            whole = f"{full_name(name)}{tag.removeprefix(name) or ':latest'}"
            if owners.setdefault(whole, target.name) != target.name:
                raise UsageProblem(
                    f"{owners[whole]} and {target.name} have the same tag {tag}",
                    fix="set different `tags` in the bake file, or build the targets separately",
                )


def _to_docker_library(plan: Plan, options: BuildOptions) -> list[str]:
    """Return a warning about tags that only Docker itself can push."""
    tags = [tag for target in plan.targets for tag in target.tags if options.push]
    library = [tag for tag in tags if full_name(repository_of(tag)).startswith(_LIBRARY)]
    if not library:
        return []
    return [
        f"{library[0]} is pushed to {_LIBRARY}, where only Docker can push; "
        "use a name with a registry or an account"
    ]


def _run_info(
    options: BuildOptions,
    facts: EngineFacts,
    source: Source,
    plan: Plan,
    base: BaseChoice | None,
    allow: tuple[str, ...],
    commit: _Commit,
    run_id: str,
    now: float,
) -> RunInfo:
    return RunInfo(
        id=run_id,
        created=now,
        version=__version__,
        targets=tuple(
            TargetInfo(
                name=target.name,
                variant=target.variant,
                platforms=tuple(str(platform) for platform in target.platforms),
                tags=target.tags,
                artifacts=target.artifacts,
            )
            for target in plan.targets
        ),
        host=str(facts.host or ""),
        engine=facts.server_version,
        buildx=facts.buildx_version,
        buildx_path=facts.buildx_path,
        builder=options.builder,
        driver=facts.driver,
        nodes=tuple(node.as_info() for node in facts.nodes),
        jobs=options.jobs,
        quiet_after=options.quiet_after,
        revision=commit.revision,
        emulators=facts.emulators,
        check=options.check,
        test_only=options.test_only,
        push=options.push,
        by_digest=_by_digest(options, facts),
        allow_unknown=options.push and options.allow_unknown,
        base="" if base is None else base.ref,
        base_reason="" if base is None else base.reason,
        context=source.context,
        dockerfile=source.dockerfile or source.bake_file,
        source=source.kind.value,
        cwd=_working_folder(source),
        allow=allow,
    )


def _by_digest(options: BuildOptions, facts: EngineFacts) -> bool:
    """Return whether images reach this engine from a remote BuildKit, by digest via a registry."""
    return options.push and facts.driver not in {"", "docker"}


def _upstream(options: BuildOptions) -> str:
    return f"python:{options.python_version}-slim"


def _bootstrapped(options: BuildOptions) -> str:
    return BOOTSTRAPPED_BASE.replace("3.13", options.python_version, 1)


def _working_folder(source: Source) -> str:
    return source.context if source.kind is SourceKind.BAKE else str(Path.cwd())


def _check_builder(options: BuildOptions, facts: EngineFacts) -> list[str]:
    """Return warnings about engine, builder and caches; raises EngineProblem or UsageProblem."""
    return [*check_engine(options, facts), *_check_caches(options, facts)]


def _check_caches(options: BuildOptions, facts: EngineFacts) -> list[str]:
    platforms = list(options.selection.values())
    return check_caches(facts, options.cache_from, options.cache_to, platforms)


def foreseen_warnings(options: BuildOptions, facts: EngineFacts, source: Source) -> tuple[str, ...]:
    """Return the warnings that `prepare` would give, without contacting a registry or an engine.

    Errors are left out: the Plan screen shows them as the reason not to build.
    """
    from openhqm_tui.run.start.expectations import (
        companion_lines,
        idle_tables,
        requirement_problems,
        resolver_for,
    )

    def of_targets() -> list[str]:
        native = _native(facts)
        targets: list[Target] = []
        for name, chosen in options.selection.items():
            variant = next(v for v in source.variants if v.name == name)
            choices = Choices(
                variants=(variant,),
                platforms=chosen,
                name=options.names[0],
                tag=options.tag,
                throwaway=THROWAWAY if options.test_only else "",
                native=native,
            )
            targets += make_plan(source, choices).targets
        plan = Plan(targets=tuple(targets))
        return [
            *changes(source, plan, native, push=options.push),
            *exposed_state(targets, state_place(), Path(_working_folder(source))),
        ]

    def announced() -> list[str]:
        own = project_checks(Path.cwd(), options.checks)
        resolver = resolver_for(
            source, own, python=options.python_version, platforms=options.platforms
        )
        selected = options.selection.items() if options.check and options.companions else ()
        return companion_lines(
            resolver.of(name, platform, chosen) for name, chosen in selected for platform in chosen
        )

    finders: tuple[Callable[[], list[str]], ...] = (
        lambda: list(source.problems),
        lambda: idle_tables(source, project_checks(Path.cwd(), options.checks)),
        lambda: requirement_problems(source),
        lambda: check_engine(options, facts),
        lambda: _check_caches(options, facts),
        of_targets,
        announced,
    )
    warnings: list[str] = []
    for find in finders:
        with suppress(Problem):
            warnings += find()
    return tuple(warnings)


def start_run(prepared: Prepared, limits: Limits = Limits()) -> RunFolder:  # noqa: B008 - frozen
    """Write the run folder and start the detached runner; return the folder to follow.

    Old runs beyond `limits` are removed. Raises UsageProblem if the state folder can't be written.
    """
    from openhqm_tui.run.prune import make_room
    from openhqm_tui.run.requests import launch

    state = ready_state_folder()
    path = runs_folder(state) / prepared.info.id
    folder, lock = RunFolder.create_held(path, prepared.info, prepared.plan, prepared.expectations)
    # Before anything starts: stopping this process here leaves nothing behind.
    make_room(state, limits)
    launch(folder, lock)
    return folder


def _base(
    options: BuildOptions,
    facts: EngineFacts,
    source: Source,
    platforms: tuple[Platform, ...],
) -> BaseChoice | None:
    if source.kind is SourceKind.BAKE:
        if not options.base_image:
            return None
        (upstream,) = source.bases
        return choose_base(platforms, explicit=options.base_image, upstream=upstream)
    return choose_base(
        platforms,
        explicit=options.base_image or None,
        upstream=_upstream(options),
        bootstrapped=_bootstrapped(options),
        driver=facts.driver or "docker",
    )


class _Commit(NamedTuple):
    """The label values of a context: its repository, the commit or tag, and its time."""

    source: str = ""
    revision: str = ""
    created: int | None = None


def _commit(source: Source) -> _Commit:
    """Return the origin of a context; a revision is only given with its repository.

    The bundled context, outside of a checkout, is that of this release.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    epoch = int(text) if text.isdecimal() else None
    ours = source.kind is SourceKind.BUNDLED and source.context == str(bundled("context"))
    # Our Dockerfile names our repository, which doesn't have the commits of another context.
    other = "unknown" if source.kind is SourceKind.BUNDLED and not ours else ""
    commit = commit_of(source.context) if Path(source.context).is_dir() else None
    if commit is None:
        if ours:
            return _Commit(OUR_SOURCE, f"v{__version__}", epoch)
        return _Commit(other, created=epoch)
    revision, committed = commit
    origin = origin_of(source.context) or (OUR_SOURCE if ours else other)
    return _Commit(origin, revision, committed if epoch is None else epoch)
