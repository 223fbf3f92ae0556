"""The plan: the selection becomes the bake file that Buildx runs unchanged."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import (
    Choices,
    Plan,
    Source,
    SourceKind,
    Variant,
    _in_image_name,
    added_output,
    bake_command,
    check_tag,
    linked_targets,
    make_plan,
    tags_of,
)
from openhqm_tui.domain.plan.cache import CacheKind, parse_cache
from openhqm_tui.domain.plan.image_names import check_name, check_reference
from openhqm_tui.domain.platforms import parse_platforms
from tests.eight_variants import EIGHT, EIGHT_NAMES
from tests.our_variants import find_variant

BOTH = parse_platforms("linux/amd64,linux/arm64")
OURS = Source(kind=SourceKind.BUNDLED, variants=EIGHT, context="/ctx", dockerfile="/ctx/Dockerfile")


def choices(*names: str, **more: Any) -> Choices:
    variants = tuple(find_variant(name) for name in names or ("redis",))
    return Choices(**({"variants": variants, "platforms": BOTH} | more))


def body(source: Source = OURS, **more: Any) -> dict[str, Any]:
    return make_plan(source, choices(**more)).targets[0].body


def test_eight_variants_become_eight_targets_on_both_platforms() -> None:
    plan = make_plan(OURS, choices(*EIGHT_NAMES))
    assert [target.name for target in plan.targets] == list(EIGHT_NAMES)
    assert len(plan.lanes) == 16
    bake = plan.as_bake()
    assert bake["group"] == {"default": {"targets": list(EIGHT_NAMES)}}
    assert list(bake["target"]) == list(EIGHT_NAMES)
    for name, target in bake["target"].items():
        assert target["args"]["QUEUE_BACKEND"] == name
        assert target["platforms"] == ["linux/amd64", "linux/arm64"]
    tags = [tag for target in plan.targets for tag in target.tags]
    assert len(tags) == len(set(tags)) == 9


def test_a_default_target_has_exactly_these_keys() -> None:
    assert body() == {
        "context": "/ctx",
        "dockerfile": "/ctx/Dockerfile",
        "args": {"QUEUE_BACKEND": "redis", "PYTHON_VERSION": "3.13"},
        "labels": {
            "org.opencontainers.image.version": "latest",
            "org.opencontainers.image.base.name": "python:3.13-slim",
        },
        "tags": ["openhqm:latest-redis"],
        "platforms": ["linux/amd64", "linux/arm64"],
        "attest": ["type=provenance,disabled=true"],
        "output": ["type=docker"],
    }


@pytest.mark.parametrize(
    ("more", "key", "value"),
    [
        ({"ca_bundle": "/ca.pem"}, "secret", ["id=ca-bundle,src=/ca.pem"]),
        (
            {"base_for": {"python:3.13-slim": "mine:1"}},
            "contexts",
            {"python:3.13-slim": "docker-image://mine:1"},
        ),
        ({"throwaway": "test:run"}, "tags", ["test:run-redis"]),
        ({"name": "ghcr.io/acme/hqm", "tag": "1.0"}, "tags", ["ghcr.io/acme/hqm:1.0-redis"]),
    ],
)
def test_each_choice_changes_one_key(more: dict[str, Any], key: str, value: Any) -> None:
    plain, chosen = body(), body(**more)
    assert chosen[key] == value
    assert {k for k in chosen if chosen[k] != plain.get(k)} - {key} <= {"labels", "args"}


@pytest.mark.parametrize(
    ("more", "label", "value"),
    [
        ({"revision": "abc"}, "org.opencontainers.image.revision", "abc"),
        ({"source_url": "https://x"}, "org.opencontainers.image.source", "https://x"),
        ({"tag": "1.0"}, "org.opencontainers.image.version", "1.0"),
        ({"base_for": {"x": "mine:1"}}, "org.opencontainers.image.base.name", "mine:1"),
        ({"python_version": "3.12"}, "org.opencontainers.image.base.name", "python:3.12-slim"),
    ],
)
def test_labels_record_the_origin_of_an_image(more: dict[str, Any], label: str, value: str) -> None:
    assert body(**more)["labels"][label] == value


def test_the_dockerfile_sets_the_label_of_the_variant() -> None:
    # If the plan set it, the check of the label would test nothing.
    assert "queue.backend" not in body()["labels"]


@pytest.mark.parametrize(("created", "epoch"), [(0, "0"), (1795446840, "1795446840")])
def test_the_commit_time_makes_the_build_reproducible(created: int, epoch: str) -> None:
    assert body(created=created)["args"]["SOURCE_DATE_EPOCH"] == epoch
    assert "SOURCE_DATE_EPOCH" not in body(created=None)["args"]


@pytest.mark.parametrize(
    ("variant", "tags"),
    [
        ("all", ("hqm:1", "hqm:1-all")),
        ("redis", ("hqm:1-redis",)),
        ("minimal", ("hqm:1-minimal",)),
    ],
)
def test_tags_end_with_the_variant(variant: str, tags: tuple[str, ...]) -> None:
    assert tags_of(find_variant(variant), "hqm", "1") == tags


@pytest.mark.parametrize(
    "name",
    [
        "openhqm",
        "a",
        "a.b_c-d",
        "a__b",
        "a--b",
        "acme/openhqm",
        "ghcr.io/acme/openhqm",
        "localhost:5000/openhqm",
        "Registry.Example:443/openhqm",
        "[::1]:5000/openhqm",
    ],
)
def test_valid_image_names_are_accepted(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("OpenHQM", "write openhqm"),
        ("acme/OpenHQM", "write acme/openhqm"),
        ("openhqm:1.0", "omit the tag"),
        ("ghcr.io/acme/openhqm:1.0", "omit the tag"),
        ("a..b", "isn't a valid image name"),
        ("-a", "isn't a valid image name"),
        ("a/", "isn't a valid image name"),
        ("/a", "isn't a valid image name"),
        ("a b", "isn't a valid image name"),
        ("a\n", "isn't a valid image name"),
        ("é", "isn't a valid image name"),
        ("a@sha256:1", "isn't a valid image name"),
    ],
)
def test_an_invalid_image_name_is_reported_with_the_fix(name: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        check_name(name)
    assert message in str(caught.value)


@pytest.mark.parametrize("tag", ["latest", "1.0", "_x", "A-b.C", "x" * 128])
def test_valid_tags_are_accepted(tag: str) -> None:
    assert check_tag(tag) == tag


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("", "empty"),
        ("a b", "such as a-b"),
        ("feature/x", "such as feature-x"),
        ("-a", "such as a"),
        (".a", "such as a"),
        ("a\n", "isn't a valid tag"),
        ("é", "isn't a valid tag"),
        ("x" * 129, "at most 128"),
    ],
)
def test_an_invalid_tag_is_reported_with_the_fix(tag: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        check_tag(tag)
    assert message in str(caught.value)


def test_a_tag_must_leave_room_for_the_variant() -> None:
    assert check_tag("x" * 120, EIGHT)
    with pytest.raises(UsageProblem, match="use at most 120"):
        check_tag("x" * 121, EIGHT)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"variants": ()}, "nothing selected to build"),
        ({"platforms": ()}, "no platform selected"),
        ({"name": "Bad Name"}, "isn't a valid image name"),
        ({"tag": "bad tag"}, "isn't a valid tag"),
        ({"tag": "x" * 127}, "use at most 122"),
    ],
)
def test_invalid_choices_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageProblem, match=message):
        make_plan(OURS, choices(**more))


@pytest.mark.parametrize(
    ("builder", "line"),
    [
        ("", "docker buildx bake --allow=fs.read=/c -f /run/bake.json redis kafka"),
        (
            "big",
            "docker buildx --builder big bake --allow=fs.read=/c -f /run/bake.json redis kafka",
        ),
    ],
)
def test_the_command_to_copy_selects_the_builder(builder: str, line: str) -> None:
    command = bake_command("/run/bake.json", ("redis", "kafka"), builder, ("fs.read=/c",))
    assert command == line.split()


def test_the_command_to_copy_grants_no_permission_by_default() -> None:
    assert bake_command("bake.json", ()) == ["docker", "buildx", "bake", "-f", "bake.json"]


# -- another project's bake file ----------------------------------------------------------------

THEIRS = {"dockerfile": "D", "args": {"A": "1"}, "tags": ["theirs:1"], "contexts": {"x": "y"}}


def foreign(**changes: Any) -> Source:
    kept = {key: value for key, value in (THEIRS | changes).items() if value is not None}
    return Source(
        kind=SourceKind.BAKE,
        variants=(Variant("App_1", "D"),),
        context="/theirs",
        bake_file="/theirs/docker-bake.hcl",
        bake_targets={"App_1": kept},
    )


def body_of(source: Source, **more: Any) -> dict[str, Any]:
    return make_plan(source, choices(variants=source.variants, **more)).targets[0].body


def test_only_platforms_and_output_of_a_foreign_target_change() -> None:
    source = foreign()
    assert body_of(source) == THEIRS | {
        "platforms": ["linux/amd64", "linux/arm64"],
        "output": ["type=docker"],
    }
    assert source.bake_targets["App_1"] == THEIRS, "the source itself must not change"


@pytest.mark.parametrize(
    ("changes", "more", "tags"),
    [
        ({}, {}, ["theirs:1"]),
        ({"tags": None}, {}, ["theirs-app_1:latest"]),
        ({"tags": None}, {"tag": "2"}, ["theirs-app_1:2"]),
        ({"tags": []}, {"name": "a", "tag": "b"}, ["a:b-App_1"]),
        ({}, {"throwaway": "test:run"}, ["test:run-App_1"]),
    ],
)
def test_a_foreign_target_always_has_a_tag(
    changes: dict[str, Any], more: dict[str, Any], tags: list[str]
) -> None:
    assert body_of(foreign(**changes), **more)["tags"] == tags


def test_a_mapped_base_is_added_to_the_contexts_of_a_foreign_target() -> None:
    mapped = body_of(foreign(), base_for={"python": "mine:1"})["contexts"]
    assert mapped == {"x": "y", "python": "docker-image://mine:1"}


def test_linked_targets_are_in_the_plan_without_an_output() -> None:
    bodies: dict[str, dict[str, Any]] = {
        "app": {"contexts": {"b": "target:base", "t": "target:tool"}},
        "base": {
            "contexts": {"x": "target:deep"},
            "tags": ["a:1"],
            "output": [{"type": "registry"}],
            "cache-to": [{"type": "registry", "ref": "a/c"}, {"type": "local", "dest": "c"}],
            "context": "a${b}",
        },
        "deep": {},
        "tool": {"platforms": ["linux/amd64"]},
        "other": {},
    }
    source = Source(kind=SourceKind.BAKE, variants=(), bake_targets=bodies)
    nowhere = {"output": ["type=cacheonly"]}
    assert linked_targets(source, {"app": BOTH, "deep": BOTH}, push=False) == {
        "base": {
            "contexts": {"x": "target:deep"},
            "cache-to": [{"type": "local", "dest": "c"}],
            "context": "a$${b}",
            **nowhere,
        },
        "tool": {"platforms": ["linux/amd64"], **nowhere},
    }
    plan = Plan(targets=(), linked=linked_targets(source, {"base": BOTH[:1]}, push=True))
    assert plan.as_bake()["target"] == {"deep": nowhere}


# -- references ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    ["python", "python:3.13-slim", "localhost:5000/x", "ghcr.io/a/b:1@sha256:" + "0" * 64],
)
def test_valid_image_references_are_accepted(reference: str) -> None:
    assert check_reference(reference) == reference


@pytest.mark.parametrize(
    "reference", ["", "foo bar", "Foo:1", "x:1:2", "x@sha256:1", "x:", "x\n", "-x", "x:1 --push"]
)
def test_invalid_image_references_are_refused(reference: str) -> None:
    with pytest.raises(UsageProblem, match="isn't a valid image reference"):
        check_reference(reference)


# -- several names, and pushes by digest --------------------------------------------------------


def _planned(*names: str, **more: Any) -> Plan:
    source = Source(kind=SourceKind.BUNDLED, variants=EIGHT, context="/c", dockerfile="/c/D")
    choices = Choices(
        variants=tuple(find_variant(name) for name in ("all", "redis")),
        platforms=parse_platforms("linux/amd64,linux/arm64"),
        name=names[0],
        more_names=names[1:],
        **more,
    )
    return make_plan(source, choices)


def test_every_name_gets_every_tag_in_order() -> None:
    targets = _planned("a.example/x", "b.example/y", tag="1.0").targets
    assert targets[0].tags == (
        *("a.example/x:1.0", "a.example/x:1.0-all"),
        *("b.example/y:1.0", "b.example/y:1.0-all"),
    )
    assert targets[1].body["tags"] == ["a.example/x:1.0-redis", "b.example/y:1.0-redis"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("frappe_docker", "frappe_docker"),
        ("My App", "my-app"),
        ("a.b__c", "a.b__c"),
        ("a..b___c._d", "a-b-c-d"),
        ("_a-", "a"),
        ("docker+compose", "docker-compose"),
        ("caf\u00e9 x", "caf-x"),
    ],
)
def test_names_of_folders_become_names_that_docker_accepts(text: str, name: str) -> None:
    assert _in_image_name(text) == name
    assert re.fullmatch(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", name)


def test_a_push_by_digest_has_an_untagged_bake_target_for_each_platform() -> None:
    plan = _planned("a.example/x", "b.example/y", by_digest=True)
    bake = plan.as_bake()
    assert bake["group"]["default"] == {"targets": ["all", "redis"]}
    parts = ["redis__linux-amd64", "redis__linux-arm64"]
    assert bake["group"]["redis"] == {"targets": parts}
    for part, platform in zip(parts, ("linux/amd64", "linux/arm64"), strict=True):
        body = bake["target"][part]
        assert body["platforms"] == [platform], (
            "with several, Buildx tags `latest` on several nodes"
        )
        assert body["tags"] == []
        (output,) = body["output"]
        fields = dict(field.split("=") for field in output.split(","))
        assert fields["name"] == "a.example/x"
        assert (fields["push"], fields["push-by-digest"]) == ("true", "true")
        assert body["args"]["QUEUE_BACKEND"] == "redis"
    assert "redis" not in bake["target"]
    assert plan.targets[1].tags == ("a.example/x:latest-redis", "b.example/y:latest-redis")


def test_each_part_has_its_own_cache() -> None:
    cache = parse_cache("registry=r.example/cache", CacheKind.TO)
    bake = _planned("x", by_digest=True, cache_to=(cache,)).as_bake()
    caches = [
        entry
        for name, body in bake["target"].items()
        if name.startswith("redis__")
        for entry in body["cache-to"]
    ]
    assert len(set(caches)) == 2


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({}, "targets without an output get type=docker: their images are loaded into Docker"),
        ({"output": ["type=image"]}, ""),
        ({"output": ["out"]}, ""),
        ({"call": "check"}, ""),
    ],
)
def test_an_added_output_is_stated(body: dict[str, Any], line: str) -> None:
    variant = Variant(name="web", title="web")
    source = Source(kind=SourceKind.BAKE, variants=(variant,), bake_targets={"web": body})
    choices = Choices(variants=(variant,), platforms=parse_platforms("linux/amd64"))
    assert added_output(source, make_plan(source, choices)) == line
    pushed = msgspec.structs.replace(choices, by_digest=True, push=True)
    assert not added_output(source, make_plan(source, pushed))


def test_several_names_are_refused_if_the_bake_file_sets_the_tags() -> None:
    source = Source(
        kind=SourceKind.BAKE,
        variants=(Variant(name="web", title="web"), Variant(name="job", title="job")),
        bake_targets={"web": {"tags": ["acme/web:1"]}, "job": {}},
    )
    platforms = parse_platforms("linux/amd64")
    names: dict[str, Any] = {"name": "a", "more_names": ("b",)}
    job = Choices(variants=source.variants[1:], platforms=platforms, **names)
    assert make_plan(source, job).targets[0].tags == ("a:latest-job", "b:latest-job")
    web = Choices(variants=source.variants[:1], platforms=platforms, **names)
    with pytest.raises(UsageProblem, match="the bake file sets the tags of web"):
        make_plan(source, web)
