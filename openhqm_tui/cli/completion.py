"""Shell completion: the script, and the candidates for flags, targets, platforms, runs, files."""

from __future__ import annotations

import argparse
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from argcomplete.completers import DirectoriesCompleter, FilesCompleter, SuppressCompleter
from argcomplete.finders import CompletionFinder

from openhqm_tui.cli.run_lookup import latest_of
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.platforms import ARCHITECTURES
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.guides import guides
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run

Words = Mapping[str, str] | Iterable[str]
Completer = Callable[..., Words]

_MOST_RUNS = 30


def complete(parser_for: Callable[[Sequence[str]], argparse.ArgumentParser]) -> None:
    """Print the candidates for the word at the cursor, and end the process."""
    *before, _ = re.split(r"\s+", os.environ.get("COMP_LINE", ""))
    parser = parser_for(before[1:] or ["--help"])
    for each in _parsers(parser):
        for action in each._actions:
            completer = _COMPLETERS.get((each.prog.partition(" ")[2], action.dest))
            completer = completer or _COMPLETERS.get(("", action.dest))
            if completer is not None:
                action.completer = completer  # type: ignore[attr-defined]
    _Finder()(parser, always_complete_options=False, default_completer=SuppressCompleter())


class _Finder(CompletionFinder):
    """Proposes flags if the word starts with a dash or there are no other candidates."""

    def collect_completions(self, active_parsers: Any, parsed_args: Any, prefix: str) -> list[str]:
        found = super().collect_completions(active_parsers, parsed_args, prefix)
        if found or prefix:
            return found
        self.always_complete_options = "long"
        return super().collect_completions(active_parsers, parsed_args, prefix)


def variants(*, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> dict[str, str]:
    """Return what can be built from the folder or checkout given so far."""
    from openhqm_tui.run.start.source import source_for

    source = source_for(
        Path.cwd(),
        context=getattr(parsed_args, "context", None) or "",
        dockerfile=getattr(parsed_args, "dockerfile", None) or "",
        files=getattr(parsed_args, "file", None) or (),
    )
    return _listed(prefix, {variant.name: one_line(variant.title) for variant in source.variants})


def platforms(*, prefix: str, **_: Any) -> dict[str, str]:
    """Return the supported platforms, default ones first."""
    first = [arch for arch in ("amd64", "arm64") if arch in ARCHITECTURES]
    names = dict.fromkeys((*first, *ARCHITECTURES))
    return _listed(prefix, {f"linux/{arch}": "" for arch in names})


def run_names(**_: Any) -> dict[str, str]:
    """Return the latest runs with their targets."""
    folders = itertools.islice(all_runs(state_folder()), _MOST_RUNS)
    return {folder.path.name: " ".join(_targets(folder)) for folder in folders}


def recordings(*, prefix: str, **_: Any) -> dict[str, str]:
    """Return what can be replayed: the demo, runs, exported files."""
    files = FilesCompleter(["zip"])(prefix=prefix)
    return {"demo": "the bundled demo run", **run_names(), **dict.fromkeys(files, "")}


def target_names(*, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Return the targets of the given run, or of the latest."""
    return _targets(find_run(state_folder(), parsed_args.run_name))


def run_or_target_names(**_: Any) -> dict[str, str]:
    """Return runs, and the targets of the latest: RUN may be omitted before a TARGET."""
    runs = run_names()
    latest = latest_of(all_runs(state_folder())).run
    return {
        **runs,
        **dict.fromkeys(_targets(latest) if latest else (), "a target of the latest run"),
    }


def builder_names(**_: Any) -> dict[str, str]:
    """Return Buildx's builders."""
    from openhqm_tui.engine.docker.builders import list_builders

    return {builder.name: builder.driver for builder in list_builders()}


def guide_names(**_: Any) -> dict[str, str]:
    """Return the guides with their titles."""
    return {guide.name: guide.title for guide in guides()}


def _listed(prefix: str, words: dict[str, str]) -> dict[str, str]:
    """Return candidates for a comma-separated list, without those already in it."""
    before, comma, _ = prefix.rpartition(",")
    named = before.split(",")
    return {f"{before}{comma}{word}": title for word, title in words.items() if word not in named}


def _targets(folder: RunFolder) -> list[str]:
    try:
        return [one_line(target.name) for target in folder.info.targets]
    except Problem:
        return []


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _parsers(each)


def _quietly(completer: Completer) -> Completer:
    """Propose nothing on errors: completion can't show them."""

    def words(**context: Any) -> Words:
        try:
            return completer(**context)
        except (Problem, OSError):
            return ()

    return words


# By command and argument name; those without a command apply to all.
_COMPLETERS: dict[tuple[str, str], Completer] = {
    ("", "backend"): _quietly(variants),
    ("check", "variant"): _quietly(variants),
    ("", "platforms"): platforms,
    ("", "run_name"): _quietly(run_names),
    ("cancel", "run_name"): _quietly(run_or_target_names),
    ("retry", "run_name"): _quietly(run_or_target_names),
    ("", "targets"): _quietly(target_names),
    ("build", "targets"): _quietly(variants),
    ("plan", "targets"): _quietly(variants),
    ("", "file"): _quietly(FilesCompleter(["hcl", "json", "yml", "yaml"])),
    ("compare", "one"): _quietly(run_names),
    ("compare", "other"): _quietly(run_names),
    ("replay", "what"): _quietly(recordings),
    ("", "builder"): _quietly(builder_names),
    ("guides", "name"): _quietly(guide_names),
    ("builders inspect", "name"): _quietly(builder_names),
    ("builders use", "name"): _quietly(builder_names),
    ("builders rm", "name"): _quietly(builder_names),
    ("", "context"): _quietly(DirectoriesCompleter()),
    ("", "dockerfile"): _quietly(FilesCompleter()),
    ("", "ca_bundle"): _quietly(FilesCompleter()),
    ("", "checks"): _quietly(FilesCompleter(["toml"])),
    ("", "output"): _quietly(FilesCompleter()),
    ("serve", "token_file"): _quietly(FilesCompleter()),
    ("runs export", "file"): _quietly(FilesCompleter()),
    ("runs import", "file"): _quietly(FilesCompleter(["zip"])),
}
