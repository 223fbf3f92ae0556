"""What can be built from a folder: a checkout's Dockerfile, a bake file, or the bundled images.

Buildx resolves a bake file, without changing files; we only read what it prints.
"""

from __future__ import annotations

import codecs
import errno
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant
from openhqm_tui.domain.plan.image_names import (
    check_clean,
    check_reference,
    is_remote,
    is_target_name,
)
from openhqm_tui.domain.plan.requirements import ProjectRequirements, read_requirements
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.source import read_only
from openhqm_tui.files.confined import read_inside, resolved_inside

_PATIENCE = 60.0
_NO_OUTPUTS = ("--set", "*.output=type=cacheonly")
_NOT_OPENED = re.compile(r"failed to open open (.+): permission denied")
_READER = "_openhqm-outputs"


def print_definition(folder: Path, name: str, targets: list[str]) -> dict[str, dict[str, Any]]:
    """Return the resolved targets of a bake file, variables, inheritance and matrices included.

    Buildx 0.29 truncates the files that outputs name even if it only prints. So it runs without
    write access. If the kernel doesn't support that, outputs aren't read.
    Raises UsageProblem with the error of Buildx.
    """
    whole = _bake(folder, name, *targets)
    if whole.returncode == 0:
        return _targets(whole)
    bare = _bake(folder, name, *_NO_OUTPUTS, *targets)
    if bare.returncode == read_only.UNAVAILABLE:
        bare = _run(
            folder, ["docker", "buildx", "bake", "--print", "-f", name, *_NO_OUTPUTS, *targets]
        )
        return _without_outputs(_checked(bare, folder / name))
    bodies = _without_outputs(_checked(bare, folder / name))
    if not _NOT_OPENED.search(_words(whole)):
        _checked(whole, folder / name)
    for target, body in bodies.items():
        if outputs := _outputs(folder, name, target):
            body["output"] = outputs
    return bodies


def _outputs(folder: Path, name: str, target: str) -> list[Any]:
    """Return the outputs of one target, some of which may be files."""
    printed = _bake(folder, name, target)
    if printed.returncode == 0:
        return list(_targets(printed).get(target, {}).get("output") or ())
    # A second definition can refer to attributes of the first, but not to inherited ones.
    reader = {"args": {"outputs": f"${{jsonencode(target.{target}.output)}}"}}
    definition = json.dumps({"target": {_READER: reader}}).encode()
    read = _bake(folder, name, "-f", "-", _READER, stdin=definition)
    if read.returncode == 0:
        outputs = json.loads(_targets(read)[_READER]["args"]["outputs"])
        return list(outputs) if isinstance(outputs, list) else [outputs]
    # Any type that writes to one file.
    file = _NOT_OPENED.search(_words(printed))
    return [{"type": "tar", "dest": file[1]}] if file else []


def _bake(
    folder: Path, name: str, *words: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Print the definition with a Buildx that can't write files."""
    program = [sys.executable, "-I", "-S", read_only.__file__]
    command = [*program, "docker", "buildx", "bake", "--print", "-f", name, *words]
    return _run(folder, command, stdin)


def _run(
    folder: Path, command: list[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(f"{folder} can't be read: Buildx did not respond") from error


def _checked(printed: subprocess.CompletedProcess[bytes], file: Path) -> dict[str, dict[str, Any]]:
    if printed.returncode == 0:
        return _targets(printed)
    words = _words(printed).strip().splitlines()
    reason = words[-1].removeprefix("ERROR: ") if words else "no reason given"
    raise UsageProblem(f"{file} is not a valid bake file: {one_line(reason, 500)}")


def _words(printed: subprocess.CompletedProcess[bytes]) -> str:
    return printed.stderr.decode("utf-8", "replace")


def _targets(printed: subprocess.CompletedProcess[bytes]) -> dict[str, dict[str, Any]]:
    return json.loads(printed.stdout).get("target") or {}


def _without_outputs(bodies: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in body.items() if key != "output"}
        for name, body in bodies.items()
    }


BUNDLED = "bundled"
_MOST_BYTES = 4_000_000
_MOST_REQUIREMENTS = 256_000
# Buildx reads these without -f. It reads compose files too, but those aren't written as build
# plans for images.
BAKE_FILES = ("docker-bake.json", "docker-bake.hcl")
_BACKEND_ARG = re.compile(rb"^\s*ARG\s+QUEUE_BACKEND\b", re.MULTILINE | re.IGNORECASE)


def find_source(
    folder: Path,
    *,
    bundled: Path,
    bundled_context: Path,
    variants: tuple[Variant, ...],
    context: str = "",
    dockerfile: str = "",
) -> Source:
    """Return what is built in `folder`, with `--context` and `--dockerfile` if they are given.

    `bundled` and `bundled_context` are the package's own Dockerfile and context, `variants` what
    a Dockerfile with `ARG QUEUE_BACKEND` builds. Raises UsageProblem that names what is missing.
    """
    context_path = _context(folder, context) if context else ""
    if dockerfile == BUNDLED:
        # In a checkout, `bundled` replaces the Dockerfile; the code is the checkout's.
        here = folder if (folder / "src" / "openhqm").is_dir() else bundled_context
        return _dockerfile_source(bundled, context_path or str(here), bundled, variants)
    if dockerfile:
        return _dockerfile_source(
            _named(folder, context_path, dockerfile), context_path, bundled, variants
        )
    if is_remote(context_path):
        return Source(
            kind=SourceKind.CHECKOUT,
            variants=variants,
            context=context_path,
            dockerfile="Dockerfile",
        )
    home = Path(context_path) if context_path else folder
    candidate = home / "Dockerfile"
    try:
        has_variants = candidate.is_file() and _has_backend_argument(candidate, inside=home)
    except UsageProblem:
        if context_path or not bake_file_in(folder):
            raise
        has_variants = False  # If the bake file needs it, Buildx reports the error.
    if has_variants:
        if bundled.exists() and candidate.samefile(bundled):
            return _dockerfile_source(bundled, str(bundled_context), bundled, variants)
        return _dockerfile_source(candidate, str(home), bundled, variants)
    if context_path:
        return _dockerfile_source(bundled, context_path, bundled, variants)
    if name := bake_file_in(folder):
        return _bake_source(folder, name)
    return _dockerfile_source(bundled, str(bundled_context), bundled, variants)


def read_project_requirements(context: Path, variants: Iterable[str]) -> ProjectRequirements | None:
    """Return what the requirements files of a checkout require; None if no variant has one."""

    def read(name: str) -> str:
        data = read_inside(context, name, _MOST_REQUIREMENTS)
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if wide else "utf-8", "replace")

    return read_requirements(variants, read)


def bake_file_in(folder: Path) -> str:
    """Return the name of the bake file in a folder; '' if there is none."""
    return next((name for name in BAKE_FILES if (folder / name).is_file()), "")


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
        fix="specify a file, or `--dockerfile bundled` for the one that ships with openhqm-tui",
    )


def _dockerfile_source(
    dockerfile: Path, context: str, bundled: Path, variants: tuple[Variant, ...]
) -> Source:
    if not _has_backend_argument(dockerfile):
        raise UsageProblem(
            f"{dockerfile} has no `ARG QUEUE_BACKEND`, so it builds no variants",
            fix="add the argument, write a bake file, or use --dockerfile bundled",
        )
    ours = dockerfile == bundled or (bundled.exists() and dockerfile.samefile(bundled))
    context = context or str(dockerfile.parent)
    if ours and not is_remote(context) and not (Path(context) / "requirements.txt").is_file():
        raise UsageProblem(
            f"the context {context} is not an OpenHQM checkout: it has no requirements.txt",
            fix="use --context DIR, or --dockerfile FILE for images of another kind",
        )
    return Source(
        kind=SourceKind.BUNDLED if ours else SourceKind.CHECKOUT,
        variants=variants,
        context=context,
        dockerfile=str(dockerfile),
    )


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


def _bake_source(folder: Path, name: str) -> Source:
    """Resolve a bake file with Buildx itself: variables, inheritance and matrices included."""
    try:
        # Buildx reads any file to its end.
        text = read_inside(folder, name, _MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise UsageProblem(f"{folder / name} can't be read ({error.strerror})") from error
    targets = print_definition(folder, name, _all_targets(text, name))
    if not targets:
        raise UsageProblem(f"{folder / name} has no targets", fix="add one, or a default group")
    _check_names(targets, folder / name)
    return Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(target, _describe(body)) for target, body in targets.items()),
        bake_file=str(folder / name),
        context=str(folder),
        bake_targets=targets,
    )


def _all_targets(text: str, name: str) -> list[str]:
    """Return the targets to print: () for the default group if there is one, else all."""
    if name.endswith(".json"):
        try:
            definition = json.loads(text)
        except (ValueError, RecursionError):
            return []  # Buildx has the better error.
        groups, targets = (definition.get(kind) for kind in ("group", "target"))
        if isinstance(targets, dict) and "default" not in {*targets, *(groups or ())}:
            return sorted(targets)
        return []
    if re.search(r'^\s*(?:group|target)\s+"default"', text, re.MULTILINE):
        return []
    return sorted(set(re.findall(r'^\s*target\s+"([\w-]+)"', text, re.MULTILINE)))


def _describe(body: dict[str, Any]) -> str:
    platforms = []
    for text in body.get("platforms") or ():
        try:
            platforms.append(str(parse_platform(text)))
        except UsageProblem:
            platforms.append(str(text))
    where = str(body.get("dockerfile") or "Dockerfile")
    return " ".join(part for part in (where, body.get("target") or "", *platforms) if part)


# Names and paths, which have one line each; arguments, labels and attestations may have more.
_ON_ONE_LINE = ("context", "dockerfile", "target", "tags", "platforms", "output", "secret", "ssh")


def _check_names(targets: Mapping[str, Mapping[str, Any]], file: object) -> None:
    """Raise UsageProblem for the first invalid name, tag or path: a bake file isn't trusted."""
    for name, body in targets.items():
        if not is_target_name(name):
            raise UsageProblem(
                f"{file}: '{name}' is not a valid target name",
                fix="use only letters, digits and _ . -",
            )
        for key in _ON_ONE_LINE:
            for text in _texts(body.get(key)):
                check_clean(text, f"{file}: {name}.{key}")
        for tag in body.get("tags") or ():
            check_reference(str(tag))


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
