"""The commands that build the selection on the Plan screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.plan.variant_panel import command_lines
from tests.tui.conftest import AMD, ARM

BAKE = " > bake.json && docker buildx bake -f bake.json"


def test_one_command_for_each_set_of_platforms():
    rows = {"all": (AMD, ARM), "redis": (ARM,), "kafka": (AMD, ARM)}
    lines = command_lines(BuildOptions(rows, "ghcr.io/acme/openhqm", "1.2"), 8)
    names = " --name ghcr.io/acme/openhqm --tag 1.2"
    first = f"all kafka --platforms linux/amd64,linux/arm64{names}"
    second = f"redis --platforms linux/arm64{names}"
    assert lines.build == (f"openhqm-tui build {first}", f"openhqm-tui build {second}")
    assert lines.bake == (
        f"openhqm-tui plan {first}{BAKE}",
        f"openhqm-tui plan {second}{BAKE}",
    )


def test_all_variants_are_selected_by_build_all():
    rows: dict[str, tuple[Platform, ...]] = {"a": (AMD,), "b": (AMD,)}
    assert command_lines(BuildOptions(rows), 2).build == (
        "openhqm-tui build --build-all --platforms linux/amd64",
    )


@pytest.mark.parametrize(
    ("fields", "build", "plan"),
    [
        ({"jobs": 2}, " --jobs 2", ""),
        ({"test_only": True}, " --test-only", ""),
        ({"push": True}, " --push", ""),
        ({"push": True, "allow_unknown": True}, " --push --allow-unknown", ""),
        ({"allow_unknown": True}, "", ""),
        ({"base_image": "a/b:1"}, " --base-image a/b:1", " --base-image a/b:1"),
    ],
)
def test_only_options_that_differ_from_the_defaults_are_written(fields, build, plan):
    lines = command_lines(BuildOptions({"a": (AMD,)}, **fields), 1)
    defaults = "--build-all --platforms linux/amd64"
    assert lines.build == (f"openhqm-tui build {defaults}{build}",)
    assert lines.bake == (f"openhqm-tui plan {defaults}{plan}{BAKE}",)


def test_the_builder_is_passed_to_buildx_too():
    (line,) = command_lines(BuildOptions({"a": (AMD,)}, builder="my b"), 1).bake
    assert " --builder 'my b' > bake.json && docker buildx --builder 'my b' bake " in line


def test_options_that_override_settings_are_written():
    settings = BuildOptions({}, tag="1.2", jobs=4)
    (line,) = command_lines(BuildOptions({"a": (AMD,), "b": (AMD,)}), 2, settings).build
    assert line.endswith(" --tag latest --jobs 2")


def test_bake_gets_exactly_the_permissions_of_the_plan():
    allow = ("fs.read=/a place/Dockerfile", "fs.write=/cache/a")
    (line,) = command_lines(BuildOptions({"a": (AMD,)}), 1, allow=allow).bake
    assert "'--allow=fs.read=/a place/Dockerfile' --allow=fs.write=/cache/a -f bake.json" in line
    assert "*" not in line


def test_the_named_source_is_part_of_the_commands(tmp_path: Path):
    (tmp_path / "services" / "app").mkdir(parents=True)
    (tmp_path / "services" / "app" / "Dockerfile").write_text("FROM scratch\n")
    backend = Backend(tmp_path, Settings(), context="services/app")
    source = backend.source_at_once()
    assert source is not None
    assert [variant.name for variant in source.variants] == ["app"]
    rows: dict[str, tuple[Platform, ...]] = {"app": (AMD,)}
    order = replace(backend.defaults, selection=rows)
    own = {"app": (AMD,)}
    lines = command_lines(order, 1, backend.defaults, own=own, source=backend.source_flags)
    assert lines.build == ("openhqm-tui build --build-all --context services/app",)
    named = Backend(tmp_path, Settings(), files=("a.hcl", "b.json"))
    assert named.source_flags == ("--file", "a.hcl", "--file", "b.json")
    assert named.source_at_once() is None, "Buildx has to read it"
