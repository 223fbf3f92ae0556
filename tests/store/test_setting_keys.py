"""Where each setting may be set: a project's file only affects its own folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.cli.main import build_parser
from openhqm_tui.store.settings import KEYS, PROJECT_FILE, Settings, read_settings

NOTHING = Path("/nonexistent/settings.toml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A cloned folder next to an unrelated one."""
    folder = tmp_path / "project"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "checks.toml").write_text("")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "checks.toml").write_text("")
    (folder / "link").symlink_to(elsewhere)
    (folder / "checks-link.toml").symlink_to(elsewhere / "checks.toml")
    (folder / "inner").symlink_to("app")
    (folder / "cache" / "redis").mkdir(parents=True)
    (folder / "planted").mkdir()
    (folder / "planted" / "index.json").symlink_to(elsewhere / "checks.toml")
    (folder / "each").mkdir()
    (folder / "each" / "redis").symlink_to(elsewhere)
    return folder


def settings_of(project: Path, key: str, value: object) -> Settings:
    (project / PROJECT_FILE).write_text(f"{key} = {json.dumps(value)}\n")
    return read_settings(project, {}, NOTHING)


def test_every_setting_is_in_the_table_once() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(Settings)}
    assert fields - {"refused"} == set(KEYS)


def test_flags_in_the_table_exist_on_the_command_line() -> None:
    parsers = {"build": parser_of("build"), "runs prune": parser_of("runs", "prune")}
    for key in KEYS.values():
        if key.flag:
            command, _, flag = key.flag.rpartition(" ")
            assert flag in parsers[command or "build"]._option_string_actions, key.name


def parser_of(*commands_: str) -> argparse.ArgumentParser:
    parser = build_parser()
    for word in commands_:
        (commands,) = (
            action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        )
        parser = commands.choices[word]
    return parser


@pytest.mark.parametrize("name", [key.name for key in KEYS.values() if key.variable])
def test_variables_in_the_table_set_their_key(tmp_path: Path, name: str) -> None:
    value = "1" if name in {"jobs", "quiet-after", "check", "keep-runs", "keep-mb"} else "gha"
    found = read_settings(tmp_path, {KEYS[name].variable: value}, NOTHING)
    assert getattr(found, name.replace("-", "_")) is not None


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("keep-runs", 1, "a project could delete the runs of other projects"),
        ("keep-mb", 1, "a project could delete the runs of other projects"),
        ("keymap", {"plan.build": "q"}, "a project could bind any key to a push"),
        ("cache-to", ["registry=ghcr.io/acme/prod"], "cache of type registry"),
        ("cache-to", ["gha", "type=registry,ref=ghcr.io/acme/prod"], "cache of type registry"),
        ("cache-to", ["type=s3,region=x,bucket=y"], "cache of type s3"),
        ("cache-from", ["type=azblob,name=x"], "cache of type azblob"),
        ("cache-to", ["type=gha,url_v2=https://evil.example"], "set the cache attribute url_v2"),
        ("cache-from", ["type=gha,url=https://evil.example"], "set the cache attribute url"),
        (
            "cache-from",
            ["type=registry,ref=a/b,registry.insecure=true"],
            "set the cache attribute registry.insecure",
        ),
        ("cache-to", ["local=../elsewhere"], "../elsewhere is not inside"),
        ("cache-to", ["local=app/../../elsewhere"], "is not inside"),
        ("cache-to", ["local=link/cache"], "link/cache is not inside"),
        ("cache-to", ["local=~/cache"], "~/cache is not inside"),
        ("cache-to", ["type=local,dest=/etc/cache"], "/etc/cache is not inside"),
        ("cache-from", ["type=local,src=/etc,dest=app"], "/etc is not inside"),
        ("cache-to", ["local=app/{variant}/../../../elsewhere"], "is not inside"),
        ("cache-to", ["local=planted"], "planted/index.json is a symbolic link"),
        ("cache-to", ["local=each"], "each/redis is a symbolic link"),
        ("cache-to", ["local=each/{variant}"], "each/redis is not inside"),
        (
            "cache-to",
            ["type=local,dest=/etc/x\n,dest=app"],
            "a cache entry can't contain line breaks",
        ),
        ("cache-to", ["type=local,dest=app,dest=/etc/x"], "/etc/x is not inside"),
        ("cache-from", ["local=planted"], "planted/index.json is a symbolic link"),
        ("context", "..", ".. is not inside the project's folder"),
        ("context", "link", "link is not inside"),
        ("context", "/etc", "/etc is not inside"),
        ("context", "~", "~ is not inside"),
        ("context", "https://github.com/evil/x.git", "is not inside"),
        ("context", "git@github.com:evil/x.git", "is not inside"),
        ("context", "github.com/evil/x", "is not inside"),
        ("context", "a\0b", "is not inside"),
        ("dockerfile", "../elsewhere/Dockerfile", "is not inside"),
        ("dockerfile", "link/Dockerfile", "is not inside"),
        ("checks", "../elsewhere/checks.toml", "is not inside"),
        ("checks", "checks-link.toml", "is not inside"),
        ("ca-bundle", "/etc/shadow", "/etc/shadow is not inside"),
        ("ca-bundle", "checks-link.toml", "is not inside"),
    ],
)
def test_a_project_may_not_set_anything_outside_its_folder(
    project: Path, key: str, value: object, reason: str
) -> None:
    text = "[keymap]\n'plan.build' = 'q'" if key == "keymap" else f"{key} = {json.dumps(value)}"
    (project / PROJECT_FILE).write_text(text)
    found = read_settings(project, {}, NOTHING)
    assert getattr(found, key.replace("-", "_")) is None
    (line,) = (refused.line for refused in found.refused.values())
    assert line.startswith(f"{project / PROJECT_FILE}: {key} is ignored: ")
    assert reason in line
    assert line.endswith(f" in {NOTHING}")
    assert "set it or" not in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("context", "app"),
        ("context", "."),
        ("context", "inner"),
        ("dockerfile", "app/Dockerfile"),
        ("dockerfile", "bundled"),
        ("checks", "inner/checks.toml"),
        ("ca-bundle", "app/ca.pem"),
        ("cache-to", ["gha", "gha=scope", "inline", "local=cache", "local=.new/{variant}"]),
        ("cache-to", ["type=gha,mode=max,scope=x", "type=local,dest=cache,mode=max"]),
        ("cache-from", ["registry=ghcr.io/acme/cache", "gha", "local=cache"]),
        ("cache-from", ["type=registry,ref=ghcr.io/acme/cache"]),
        ("builder", "duo"),
        ("theme", "contrast"),
    ],
)
def test_a_project_may_set_paths_inside_its_folder(project: Path, key: str, value: object) -> None:
    found = settings_of(project, key, value)
    assert getattr(found, key.replace("-", "_")) == value
    assert found.refused == {}


def test_a_refused_project_setting_keeps_the_users_value(project: Path, tmp_path: Path) -> None:
    user = tmp_path / "settings.toml"
    user.write_text('keep-runs = 7\nchecks = "mine.toml"')
    (project / PROJECT_FILE).write_text('keep-runs = 1\nchecks = "../x"\ntag = "v1"')
    found = read_settings(project, {"OPENHQM_TUI_CONTEXT": "/elsewhere"}, user)
    assert (found.keep_runs, found.checks, found.tag) == (7, "mine.toml", "v1")
    assert found.context == "/elsewhere"
    assert len(found.refused) == 2


def test_escape_sequences_in_refused_values_are_removed(project: Path) -> None:
    (refused,) = settings_of(project, "context", "../\x1b]52;c;x\x07\nfoo").refused.values()
    line = refused.line + refused.why
    assert "\x1b" not in line
    assert len(line.splitlines()) == 1


def test_the_list_of_refused_settings_is_not_a_key(project: Path) -> None:
    from openhqm_tui.domain.errors import UsageProblem

    with pytest.raises(UsageProblem, match="unknown setting 'refused'"):
        settings_of(project, "refused", ["x"])
