"""What can be built from a folder: a checkout, a bake definition, a Dockerfile, or our images."""

from __future__ import annotations

import codecs
import errno
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.bake import Source, SourceKind, TargetGroup, Variant, plain_body
from openhqm_tui.domain.plan.image_names import (
    base_images,
    check_clean,
    check_reference,
    is_remote,
    is_target_name,
)
from openhqm_tui.domain.plan.overrides import NO_OVERRIDES, Overrides
from openhqm_tui.domain.plan.permissions import linked
from openhqm_tui.domain.plan.requirements import ProjectRequirements, read_requirements
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.source.definition import (
    EVERY,
    Definition,
    Printed,
    TargetMissing,
    check_readable,
    definition_in,
    list_names,
    mentions,
    override,
    print_targets,
)
from openhqm_tui.files.confined import read_inside, resolved_inside

BUNDLED = "bundled"
_MOST_BYTES = 4_000_000
_MOST_REQUIREMENTS = 256_000
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_OR_PATTERN = re.compile(r"[A-Za-z0-9_.*?[\]^][A-Za-z0-9_.*?[\]^-]*")
_BACKEND_ARG = re.compile(rb"^\s*ARG\s+QUEUE_BACKEND\b", re.MULTILINE | re.IGNORECASE)


def find_source(
    folder: Path,
    *,
    bundled: Path,
    bundled_context: Path,
    variants: Callable[[], tuple[Variant, ...]],
    context: str = "",
    dockerfile: str = "",
    files: Sequence[str] = (),
    wanted: Sequence[str] | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Source:
    """Return what is built in `folder`, with `--context`, `--dockerfile`, `--file` if given.

    `bundled` and `bundled_context` are the package's own Dockerfile and context, `variants` what
    a Dockerfile with `ARG QUEUE_BACKEND` builds. Of a bake definition, the targets and groups in
    `wanted` are resolved: () for those that it builds by default, None for all.
    Raises UsageProblem that names what is missing.
    """
    if files:
        return _from_files(folder, files, context or dockerfile, wanted, overrides)
    context_path = _context(folder, context) if context else ""
    if dockerfile == BUNDLED:
        # In a checkout, `bundled` replaces the Dockerfile; the code is the checkout's.
        here = folder if (folder / "src" / "openhqm").is_dir() else bundled_context
        return _dockerfile_source(bundled, context_path or str(here), bundled, variants)
    if dockerfile:
        named = _named(folder, context_path, dockerfile)
        if not is_remote(context_path) and not _has_backend_argument(named):
            return _single_source(named, Path(context_path) if context_path else named.parent)
        return _dockerfile_source(named, context_path, bundled, variants)
    if is_remote(context_path):
        return Source(
            kind=SourceKind.CHECKOUT,
            variants=variants(),
            context=context_path,
            dockerfile="Dockerfile",
        )
    home = Path(context_path) if context_path else folder
    candidate = home / "Dockerfile"
    if _builds_variants(candidate, home):
        if bundled.exists() and candidate.samefile(bundled):
            return _dockerfile_source(bundled, str(bundled_context), bundled, variants)
        return _dockerfile_source(candidate, str(home), bundled, variants)
    if context_path and (home / "requirements.txt").is_file():
        return _dockerfile_source(bundled, context_path, bundled, variants)
    definition = definition_in(home)
    if definition and (found := _bake_source(definition, wanted, overrides)):
        return found
    if candidate.is_file():
        return _single_source(candidate, home)
    if context_path:
        return _dockerfile_source(bundled, context_path, bundled, variants)
    source = _dockerfile_source(bundled, str(bundled_context), bundled, variants)
    return msgspec.structs.replace(source, example=True)


def _from_files(
    folder: Path,
    files: Sequence[str],
    other: str,
    wanted: Sequence[str] | None,
    overrides: Overrides,
) -> Source:
    if other:
        raise UsageProblem(
            "--file can't be combined with --context or --dockerfile",
            fix="set `context` and `dockerfile` in the bake file",
        )
    definition = definition_in(folder, files)
    source = _bake_source(definition, wanted, overrides) if definition else None
    assert source is not None, "the named files form a definition"
    return source


def read_project_requirements(context: Path, variants: Iterable[str]) -> ProjectRequirements | None:
    """Return what the requirements files of a checkout require; None if no variant has one."""

    def read(name: str) -> str:
        data = read_inside(context, name, _MOST_REQUIREMENTS)
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if wide else "utf-8", "replace")

    return read_requirements(variants, read)


def _context(folder: Path, context: str) -> str:
    if is_remote(context):
        return context
    path = (folder / context).expanduser()
    if not path.is_dir():
        kind = "is not a folder" if path.exists() else "doesn't exist"
        near = nearest(path.name, [p.name for p in _folders(path.parent)])
        raise UsageProblem(
            f"the context {context} {kind}",
            fix=f"did you mean {path.parent / near}?" if near else "specify a folder or a Git URL",
        )
    return str(path.resolve())


def _folders(parent: Path) -> list[Path]:
    try:
        return [path for path in parent.iterdir() if path.is_dir()]
    except OSError:
        return []


def _named(folder: Path, context: str, dockerfile: str) -> Path:
    if (folder / dockerfile).is_file():
        return (folder / dockerfile).resolve()
    # A context isn't trusted: names in it must not lead out of it.
    if context and not is_remote(context):
        place = resolved_inside(Path(context), dockerfile)
        if place is not None and place.is_file():
            return place
    raise UsageProblem(
        f"the Dockerfile {dockerfile} doesn't exist",
        fix="specify an existing file, or use --dockerfile bundled",
    )


def _dockerfile_source(
    dockerfile: Path, context: str, bundled: Path, variants: Callable[[], tuple[Variant, ...]]
) -> Source:
    if not _has_backend_argument(dockerfile):
        raise UsageProblem(
            f"{dockerfile} has no `ARG QUEUE_BACKEND`, so it can't build variants",
            fix="add the argument, write a bake file, or use --dockerfile bundled",
        )
    ours = dockerfile == bundled or (bundled.exists() and dockerfile.samefile(bundled))
    context = context or str(dockerfile.parent)
    if ours and not is_remote(context) and not (Path(context) / "requirements.txt").is_file():
        raise UsageProblem(
            f"the context {context} is not an OpenHQM checkout: it has no requirements.txt",
            fix="specify a checkout with --context DIR, or another Dockerfile with "
            "--dockerfile FILE",
        )
    return Source(
        kind=SourceKind.BUNDLED if ours else SourceKind.CHECKOUT,
        variants=variants(),
        context=context,
        dockerfile=str(dockerfile),
    )


def _builds_variants(candidate: Path, home: Path) -> bool:
    try:
        return candidate.is_file() and _has_backend_argument(candidate, inside=home)
    except UsageProblem:
        if not definition_in(home):
            raise
        return False  # If the bake file needs it, Buildx reports the error.


def has_own_base(folder: Path) -> bool:
    """Return whether what is built here names its base images itself; doesn't run Buildx."""
    candidate = folder / "Dockerfile"
    try:
        if _builds_variants(candidate, folder):
            return False
    except UsageProblem:
        return True
    return candidate.is_file() or definition_in(folder) is not None


def _has_backend_argument(dockerfile: Path, inside: Path | None = None) -> bool:
    """Return whether a Dockerfile builds variants; links must not lead out of `inside`."""
    folder = inside or dockerfile.resolve().parent
    name = dockerfile.name if inside else dockerfile.resolve().name
    try:
        return bool(_BACKEND_ARG.search(read_inside(folder, name, _MOST_BYTES)))
    except OSError as error:
        raise UsageProblem(
            f"{dockerfile} can't be read ({error.strerror})",
            fix="use --dockerfile FILE" if error.errno == errno.EXDEV else "",
        ) from error


def _bake_source(
    definition: Definition, wanted: Sequence[str] | None, overrides: Overrides
) -> Source | None:
    """Return what a definition builds; None if these are Compose files that build nothing.

    `wanted`: see `find_source`.
    """
    definition = msgspec.structs.replace(definition, overrides=overrides)
    check_readable(definition)
    printed, problems = _resolved(definition, wanted)
    if not printed.targets and definition.is_compose:
        return None
    for name in (*printed.targets, *printed.groups):
        _check_target(name, definition.main)
    places = mentions(definition)
    printed = _with_sorted_matrices(printed, places)
    if wanted:
        selected = printed.expanded(
            name for word in wanted for name in _meant(word, printed, definition)
        )
    else:
        selected = printed.expanded(["default"])
    others = [name for name in printed.targets if name not in selected and name[0] != "_"]
    offered = [name for name in others if _builds(printed.targets[name], definition.folder)]
    names = [*selected, *offered]
    if not names:
        raise UsageProblem(f"{definition.main} has no targets", fix="add a target")
    bodies = {name: printed.targets[name] for name in linked(printed.targets, names)}
    _check_names(bodies, definition.main)
    chosen = names if wanted is None else selected
    wrong = {name: why for name in chosen if (why := _wrong_tag(bodies[name]))}
    if wrong and (wanted is not None or len(wrong) == len(names)):
        name, why = next(iter(wrong.items()))
        raise UsageProblem(f"{definition.main}: {name}: {why}")
    problems = (*problems, *(f"target {name} is skipped: {why}" for name, why in wrong.items()))
    names = [name for name in names if name not in wrong]
    names, groups = _in_file_order(names, _groups(printed, names), places)
    return Source(
        kind=SourceKind.BAKE,
        variants=tuple(
            Variant(name, bodies[name].get("description") or _describe(bodies[name]))
            for name in names
        ),
        bake_file=definition.main,
        bake_files=tuple(str(definition.folder / file) for file in definition.files),
        context=str(definition.folder),
        bake_targets=overrides.applied(bodies),
        selected=tuple(name for name in selected if name in names),
        groups=groups,
        problems=problems,
    )


def _resolved(
    definition: Definition, wanted: Sequence[str] | None
) -> tuple[Printed, tuple[str, ...]]:
    """Return all targets and groups of a definition, and a line for each that can't be resolved.

    If there are such, or if this Buildx knows no patterns: of `wanted`, only these.
    """
    try:
        return print_targets(definition, [EVERY]), ()
    except UsageProblem:
        if wanted is None:
            if definition.overrides and _is_valid(definition):
                raise  # The flags are wrong, not some targets.
            return _print_each(definition, list_names(definition) or ["default"])
    words = list(wanted or ["default"])
    # Anything else could be a flag, or the address of another definition.
    if all(map(_NAME_OR_PATTERN.fullmatch, words)):
        with suppress(TargetMissing):
            return print_targets(definition, words), ()
    names = list_names(definition)
    meant = [_exact(word, names, definition) for word in words]
    return print_targets(definition, meant), ()


def _is_valid(definition: Definition) -> bool:
    """Return whether a definition is valid without the flags."""
    try:
        print_targets(msgspec.structs.replace(definition, overrides=NO_OVERRIDES), [EVERY])
    except UsageProblem:
        return False
    return True


def _meant(word: str, printed: Printed, definition: Definition) -> tuple[str, ...]:
    """Return the targets and groups that a word stands for."""
    # Buildx doesn't list targets whose names start with `_`.
    shown = [name for name in (*printed.targets, *printed.groups) if name[0] != "_"]
    return printed.matching(word) or (_exact(word, shown, definition),)


def _groups(printed: Printed, names: Sequence[str]) -> tuple[TargetGroup, ...]:
    """Return the groups with the targets of each that are offered."""
    found = []
    for name, group in printed.groups.items():
        targets = printed.expanded([name])
        if offered := tuple(one for one in names if one in targets):
            found.append(TargetGroup(name, group.description, offered))
    return tuple(found)


def _with_sorted_matrices(printed: Printed, places: Mapping[str, int]) -> Printed:
    """Return what is printed with the targets of each matrix sorted: Buildx's order is random.

    They are not mentioned by name in the files, unlike the members of other groups.
    """
    groups = {
        name: group
        if any(member in places for member in group.targets)
        else msgspec.structs.replace(group, targets=tuple(sorted(group.targets)))
        for name, group in printed.groups.items()
    }
    return Printed(printed.targets, groups)


def _in_file_order(
    names: Iterable[str], groups: Iterable[TargetGroup], places: Mapping[str, int]
) -> tuple[list[str], tuple[TargetGroup, ...]]:
    """Return names and groups by their first mention in the files, `default` first.

    The targets of a matrix are not mentioned by name: they are where their group is.
    """
    last = len(places)
    groups = sorted(groups, key=lambda one: (one.name != "default", places.get(one.name, last)))
    around: dict[str, int] = {}
    for group in groups:
        for name in group.targets:
            around[name] = min(around.get(name, last), places.get(group.name, last))
    ordered = sorted(names, key=lambda name: places.get(name, around.get(name, last)))
    return ordered, tuple(
        msgspec.structs.replace(group, targets=tuple(n for n in ordered if n in group.targets))
        for group in groups
    )


def _exact(word: str, names: Sequence[str], definition: Definition) -> str:
    """Return the target or group that a word names: exactly, else in another case."""
    # Buildx doesn't list targets whose names start with `_`.
    if word in names or word.startswith("_"):
        return word
    others = [name for name in names if name.lower() == word.lower()]
    if len(others) == 1:
        return others[0]
    guess = nearest(word, names)
    raise UsageProblem(
        f"{definition.main} has no target or group '{word}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(names),
    )


def _print_each(definition: Definition, names: Sequence[str]) -> tuple[Printed, tuple[str, ...]]:
    """Return what can be resolved of targets and groups, and a line for each that can't.

    Raises UsageProblem if nothing can.
    """
    found, wrong = Printed(), {}
    parts = [list(names)]
    while parts:
        part = parts.pop()
        try:
            one = print_targets(definition, part)
        except UsageProblem as problem:
            half = len(part) // 2
            if half:
                parts += [part[half:], part[:half]]
            else:
                wrong[part[0]] = problem
            continue
        # A target that is printed because of a link to it has no output of its own.
        own = {name: one.targets[name] for name in part if name in one.targets}
        found = Printed({**one.targets, **found.targets, **own}, {**found.groups, **one.groups})
    if wrong and not found.targets:
        raise next(iter(wrong.values()))
    return found, tuple(f"target {name} is skipped: {why}" for name, why in wrong.items())


def _builds(body: Mapping[str, Any] | None, folder: Path) -> bool:
    """Return whether a target has a Dockerfile; one without is only inherited from."""
    if body is None:
        return False
    context, dockerfile = body.get("context") or ".", body.get("dockerfile") or "Dockerfile"
    if body.get("dockerfile-inline") or "://" in dockerfile or is_remote(context):
        return True
    return "://" in context or (folder / context / dockerfile).exists()


def _single_source(dockerfile: Path, context: Path) -> Source:
    """Return the one target of a Dockerfile without variants, named after its folder."""
    name = _NOT_IN_NAME.sub("-", context.resolve().name).strip("-") or "image"
    file = dockerfile.name if dockerfile.parent == context else str(dockerfile)
    try:
        text = read_inside(dockerfile.parent, dockerfile.name, _MOST_BYTES)
    except OSError:
        text = b""  # Buildx reports it.
    return Source(
        kind=SourceKind.BAKE,
        variants=(Variant(name, file),),
        context=str(context),
        dockerfile=str(dockerfile),
        bake_targets={name: {"context": ".", "dockerfile": file}},
        selected=(name,),
        bases=base_images(text.decode("utf-8", "replace")),
    )


def overridden(source: Source, overrides: Overrides, folder: Path) -> Source:
    """Return a source without bake file with the changes that flags request.

    Relative paths in them are in `folder`, or in the folder of a lone Dockerfile.
    """
    if not overrides or source.bake_file:
        return source
    if source.kind is SourceKind.BAKE:
        bodies = override(source.bake_targets, overrides, Path(source.context))
        return msgspec.structs.replace(source, bake_targets=bodies)
    before = {"context": source.context, "dockerfile": source.dockerfile}
    bodies = override({variant.name: before for variant in source.variants}, overrides, folder)
    changed = {
        name: {key: value for key, value in plain_body(body).items() if before.get(key) != value}
        for name, body in bodies.items()
    }
    return msgspec.structs.replace(source, overridden=changed)


def _describe(body: dict[str, Any]) -> str:
    platforms = []
    for text in body.get("platforms") or ():
        try:
            platforms.append(str(parse_platform(text)))
        except UsageProblem:
            platforms.append(str(text))
    inline = "inline Dockerfile" if body.get("dockerfile-inline") else ""
    where = inline or str(body.get("dockerfile") or "Dockerfile")
    return " ".join(part for part in (where, body.get("target") or "", *platforms) if part)


# Names and paths, which have one line each; arguments, labels and attestations may have more.
_ON_ONE_LINE = ("context", "dockerfile", "target", "tags", "platforms", "output", "secret", "ssh")


def _check_names(targets: Mapping[str, Mapping[str, Any]], file: object) -> None:
    """Raise UsageProblem for the first invalid name or path: a bake file isn't trusted."""
    for name, body in targets.items():
        _check_target(name, file)
        for key in _ON_ONE_LINE:
            for text in _texts(body.get(key)):
                check_clean(text, f"{file}: {name}.{key}")


def _wrong_tag(body: Mapping[str, Any]) -> str:
    """Return why the first invalid tag of a target is invalid; '' if all are valid."""
    try:
        for tag in body.get("tags") or ():
            check_reference(str(tag))
    except UsageProblem as problem:
        return str(problem)
    return ""


def _check_target(name: str, file: object) -> None:
    if not is_target_name(name):
        raise UsageProblem(
            f"{file}: '{name}' is not a valid target name",
            fix="use at most 128 letters, digits and _ . -, and don't start with . or -",
        )


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
