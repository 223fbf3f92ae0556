"""Build caches: parsing the options, and errors and warnings before the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.cache import Cache, CacheKind
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.run.start.preflight import caches_of, check_caches
from openhqm_tui.store.settings import read_settings

BOTH = parse_platforms("linux/amd64,linux/arm64")
AMD, ARM = BOTH
ENGINE = EngineFacts(builder="default", driver="docker", containerd_store=True)
CLASSIC = EngineFacts(builder="default", driver="docker")
DUO = EngineFacts(
    builder="duo",
    driver="remote",
    nodes=(Node("a", native=AMD, platforms=(AMD,)), Node("b", native=ARM, platforms=(ARM,))),
)


def caches(*words: str, way: CacheKind = CacheKind.TO) -> tuple[Cache, ...]:
    return caches_of(words, way, Path("/here"))


def test_folders_are_relative_to_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    found = caches("local=.cache", "local=~/cache", "local=../c/{variant}", "local=/c", "gha")
    assert [cache.place for cache in found] == [
        "/here/.cache",
        "/home/me/cache",
        "/c/{variant}",
        "/c",
        "",
    ]
    assert caches("type=local,dest=x")[0].own == "type=local,dest=x", (
        "options in Buildx's syntax are kept"
    )
    assert caches("gha", "gha") == caches("gha")


def test_flags_override_environment_and_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kinds(line: str = "") -> list[str]:
        words = f"build --backend redis {line}".split()
        return [cache.kind for cache in options_from(parse(words), tmp_path)[0].cache_to]

    assert kinds() == []
    (tmp_path / "openhqm-tui.toml").write_text('cache-to = ["gha", "inline"]')
    assert kinds() == ["gha", "inline"]
    monkeypatch.setenv("OPENHQM_TUI_CACHE_TO", "type=s3,region=eu,bucket=b,local=c")
    assert kinds() == ["s3", "local"]
    assert kinds("--cache-to registry=a/b --cache-to inline") == ["registry", "inline"]
    with pytest.raises(UsageProblem, match="unknown cache type 'loca': did you mean local"):
        kinds("--cache-to loca=x")


def test_both_cache_options_are_settings() -> None:
    environment = {"OPENHQM_TUI_CACHE_FROM": "gha", "OPENHQM_TUI_CACHE_TO": "local=a,inline"}
    settings = read_settings(Path("/nowhere"), environment, Path("/nowhere/user"))
    assert (settings.cache_from, settings.cache_to) == (["gha"], ["local=a", "inline"])


@pytest.mark.parametrize(
    ("facts", "cache_from", "cache_to", "message"),
    [
        (
            CLASSIC,
            (),
            ("gha",),
            "docker, classic image store) doesn't support --cache-to of type gha",
        ),
        (CLASSIC, (), ("gha",), "or use type inline"),
        (CLASSIC, ("gha",), (), "--cache-from of type gha"),
        (CLASSIC, ("gha",), (), "or use type registry or local"),
        (
            ENGINE,
            (),
            ("type=s3,bucket=b",),
            "default (docker) doesn't support --cache-to of type s3",
        ),
        (ENGINE, (), ("type=s3,bucket=b",), "`openhqm-tui builders create NAME`"),
        (ENGINE, (), ("local=/dev/null/x",), "/dev/null is not a folder; choose another folder"),
    ],
)
def test_impossible_caches_are_reported_before_the_start(
    facts: EngineFacts, cache_from: tuple[str, ...], cache_to: tuple[str, ...], message: str
) -> None:
    with pytest.raises(Problem) as caught:
        check_caches(facts, caches(*cache_from, way=CacheKind.FROM), caches(*cache_to), [BOTH])
    assert message in str(caught.value)
    assert caught.value.exit_code == (2 if "folder" in message else 3)


def test_an_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, _: Path(place) != tmp_path)
    with pytest.raises(UsageProblem, match=f"{tmp_path} can't be written"):
        check_caches(ENGINE, (), caches(f"local={tmp_path}/new/deeper"), [BOTH])


def test_usable_caches_with_limited_effect_only_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACTIONS_RUNTIME_TOKEN", raising=False)
    (warning,) = check_caches(ENGINE, caches("gha", way=CacheKind.FROM), (), [BOTH])
    assert "ACTIONS_RUNTIME_TOKEN isn't set" in warning
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "x")
    assert check_caches(ENGINE, caches("gha", way=CacheKind.FROM), (), [BOTH]) == []
    (warning,) = check_caches(DUO, (), caches("registry=a/b"), [BOTH])
    assert "keeps only the last export" in warning
    assert check_caches(DUO, (), caches("inline"), [BOTH]) == []
    assert check_caches(DUO, (), caches("registry=a/b"), [(AMD,), (ARM,)]) == []
