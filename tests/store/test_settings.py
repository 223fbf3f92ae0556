"""Settings: environment over project over user, with one-line errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store.settings import PROJECT_FILE, Settings, read_settings


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A project folder and the path of a user's settings file, both without settings."""
    project = tmp_path / "project"
    project.mkdir()
    return project, tmp_path / "user.toml"


def test_without_settings_the_defaults_are_used(places: tuple[Path, Path]) -> None:
    project, user = places
    assert read_settings(project, {}, user) == Settings()


def test_the_environment_overrides_the_project_and_the_user(places: tuple[Path, Path]) -> None:
    project, user = places
    user.write_text('name = "user"\ntag = "user"\nbuilder = "user"\n')
    (project / PROJECT_FILE).write_text('tag = "project"\nbuilder = "project"\n')
    found = read_settings(project, {"OPENHQM_TUI_BUILDER": "environment"}, user)
    assert (found.name, found.tag, found.builder) == ("user", "project", "environment")


def test_a_file_may_set_every_key(places: tuple[Path, Path]) -> None:
    project, user = places
    user.write_text(
        'backends = ["redis", "kafka"]\nplatforms = ["arm64"]\njobs = 2\ncheck = false\n'
        'base-image = "b"\nca-bundle = "c"\npython-version = "3.12"\ncontext = "d"\n'
        'dockerfile = "e"\nkeep-runs = 7\nkeep-mb = 8\ntheme = "f"\n[keymap]\nquit = "ctrl+q"\n'
    )
    assert read_settings(project, {}, user) == Settings(
        backends=["redis", "kafka"],
        platforms=["arm64"],
        jobs=2,
        check=False,
        base_image="b",
        ca_bundle="c",
        python_version="3.12",
        context="d",
        dockerfile="e",
        keep_runs=7,
        keep_mb=8,
        theme="f",
        keymap={"quit": "ctrl+q"},
    )


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("OPENHQM_TUI_BACKENDS", "redis, kafka,", "backends", ["redis", "kafka"]),
        ("OPENHQM_TUI_PLATFORMS", "linux/amd64,arm64", "platforms", ["linux/amd64", "arm64"]),
        ("OPENHQM_TUI_NAME", "ghcr.io/acme/x, y", "name", ["ghcr.io/acme/x", "y"]),
        ("OPENHQM_TUI_JOBS", "3", "jobs", 3),
        ("OPENHQM_TUI_KEEP_RUNS", "7", "keep_runs", 7),
        ("OPENHQM_TUI_KEEP_MB", "1", "keep_mb", 1),
        ("OPENHQM_TUI_CHECK", "false", "check", False),
        ("OPENHQM_TUI_CHECK", "1", "check", True),
        ("OPENHQM_TUI_BASE_IMAGE", "mine:1", "base_image", "mine:1"),
        ("OPENHQM_TUI_TAG", "123", "tag", "123"),
        ("OPENHQM_TUI_TAG", "", "tag", ""),
    ],
)
def test_variables_are_parsed_by_the_type_of_their_key(
    places: tuple[Path, Path], variable: str, text: str, field: str, value: object
) -> None:
    project, user = places
    assert getattr(read_settings(project, {variable: text}, user), field) == value


def test_other_variables_are_ignored(places: tuple[Path, Path]) -> None:
    project, user = places
    environment = {
        "OPENHQM_TUI_STATE_DIR": "/x",
        "OPENHQM_TUI_REQUIRE_PYTHONS": "3.13",
        "PATH": "/bin",
    }
    assert read_settings(project, environment, user) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('platfroms = ["arm64"]', "did you mean platforms?"),
        ('base_image = "x"', "did you mean base-image?"),
        ("zzz = 1", "valid: backends platforms name"),
        ("jobs = 0", "invalid jobs = 0"),
        ("keep-runs = 0", "invalid keep-runs = 0"),
        ("keep-mb = 0", "invalid keep-mb = 0"),
        ("keep-mb = 0.5", "invalid keep-mb = 0.5"),
        ("jobs = -3", "invalid jobs = -3"),
        ('jobs = "many"', "invalid jobs = 'many'"),
        ("jobs = 1.5", "invalid jobs = 1.5"),
        ("jobs = true", "invalid jobs = True"),
        ('check = "yes"', "invalid check = 'yes'"),
        ('platforms = "arm64"', "invalid platforms = 'arm64'"),
        ("platforms = [1]", "invalid platforms = [1]"),
        ("name = 1", "invalid name = 1"),
        ("[keymap]\nquit = 1", "invalid keymap = {'quit': 1}"),
        ("name = ", "not valid TOML"),
        ("name = 'a'\nname = 'b'", "not valid TOML"),
        ("\x00", "not valid TOML"),
        ('"\\u001b]52;c;x\\u0007" = 1', "unknown setting ''"),
    ],
)
@pytest.mark.parametrize("whose", ["user", "project"])
def test_an_invalid_setting_is_reported_with_its_file_and_key(
    places: tuple[Path, Path], whose: str, text: str, message: str
) -> None:
    project, user = places
    file = user if whose == "user" else project / PROJECT_FILE
    file.write_text(text)
    with pytest.raises(UsageProblem) as caught:
        read_settings(project, {}, user)
    line = str(caught.value)
    assert message in line
    assert str(file) in line
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("OPENHQM_TUI_JOBS", "many"),
        ("OPENHQM_TUI_JOBS", "0"),
        ("OPENHQM_TUI_JOBS", ""),
        ("OPENHQM_TUI_CHECK", "perhaps"),
    ],
)
def test_an_invalid_variable_is_reported(
    places: tuple[Path, Path], variable: str, text: str
) -> None:
    project, user = places
    with pytest.raises(UsageProblem) as caught:
        read_settings(project, {variable: text}, user)
    assert str(caught.value).startswith(f"{variable}: ")


@pytest.mark.parametrize("content", [b"\xff\xfe", b'name = "\xff"'])
def test_a_file_that_is_not_utf_8_is_reported(places: tuple[Path, Path], content: bytes) -> None:
    project, user = places
    user.write_bytes(content)
    with pytest.raises(UsageProblem, match="not valid TOML"):
        read_settings(project, {}, user)


def test_an_unreadable_file_is_reported(places: tuple[Path, Path]) -> None:
    project, user = places
    user.mkdir()
    with pytest.raises(UsageProblem, match="can't be read"):
        read_settings(project, {}, user)


@pytest.mark.parametrize(
    ("variable", "suggestion"),
    # A keymap is a table, so only a file can set it.
    [("OPENHQM_TUI_JOB", "OPENHQM_TUI_JOBS"), ("OPENHQM_TUI_KEYMAP", "")],
)
def test_an_unknown_variable_is_refused(tmp_path: Path, variable: str, suggestion: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_settings(tmp_path, {variable: "3"}, tmp_path / "none.toml")
    assert str(caught.value).startswith(f"unknown setting '{variable}' in the environment")
    assert f"did you mean {suggestion}" in str(caught.value) or not suggestion
