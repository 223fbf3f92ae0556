"""Preparing a run reports everything that would make it fail before it starts."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.errors import EngineProblem, Problem, UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.overrides import Overrides
from openhqm_tui.domain.platforms import Platform, parse_platforms
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor import diagnose, machine
from openhqm_tui.engine.source.base_image import WILL_BE_PULLED, BaseChoice, Pullable
from openhqm_tui.run.start import preflight
from openhqm_tui.run.start import prepare as module
from openhqm_tui.run.start.prepare import Prepared, prepare
from tests.eight_variants import EIGHT, EIGHT_NAMES
from tests.engine.fakes import debian, runner
from tests.hostile_checkout import Checkout, signature
from tests.our_variants import ALL_CLIENTS

BOTH = parse_platforms("linux/amd64,linux/arm64")
AMD, ARM = BOTH
SOURCE = Source(kind=SourceKind.BUNDLED, variants=EIGHT, context="/ctx", dockerfile="/ctx/D")
FACTS = EngineFacts(
    client_version="28.5.2",
    server_version="28.5.2",
    buildx_version="0.29.1",
    host=AMD,
    containerd_store=True,
    builder="default",
    driver="docker",
    nodes=(Node("default", native=AMD, platforms=BOTH),),
    platforms=BOTH,
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's environment variables and packages."""
    monkeypatch.setattr(machine, "read_machine", debian)
    fake = functools.partial(diagnose.diagnose, run=runner())
    monkeypatch.setattr(diagnose, "diagnose", fake)
    for name in ("SOURCE_DATE_EPOCH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)


def facts(**changes: Any) -> EngineFacts:
    return msgspec.structs.replace(FACTS, **changes)


def ready(
    *names: str,
    platforms: tuple[Platform, ...] = BOTH,
    engine: EngineFacts = FACTS,
    source: Source = SOURCE,
    plan_only: bool = False,
    **more: Any,
) -> Prepared:
    selection = dict.fromkeys(names or ("redis",), platforms)
    options = {"selection": selection, "base_image": "mine:1"} | more
    return prepare(BuildOptions(**options), engine, source, plan_only=plan_only)


def test_all_eight_on_both_platforms_are_sixteen_lanes() -> None:
    run = ready(*EIGHT_NAMES)
    assert len(run.plan.lanes) == 16
    expected = {(one.target, one.expectation.platform) for one in run.expectations}
    assert expected == set(run.plan.lanes)
    assert run.warnings == ()


def test_the_run_records_its_sources() -> None:
    info = ready("all", jobs=3, engine=facts(buildx_version="0.29.1"), tag="1.0").info
    assert [(t.name, t.tags) for t in info.targets] == [("all", ("openhqm:1.0", "openhqm:1.0-all"))]
    assert info.targets[0].platforms == ("linux/amd64", "linux/arm64")
    assert (info.host, info.engine, info.buildx) == ("linux/amd64", "28.5.2", "0.29.1")
    assert (info.jobs, info.check, info.base, info.source) == (3, True, "mine:1", "bundled")
    assert info.base_reason == "set explicitly"


def test_expectations_come_from_the_bundled_table() -> None:
    (expected, _) = (one.expectation for one in ready("redis").expectations)
    assert expected.keys["clients"] == {"redis": "redis"}
    assert len(expected.keys["absent"]) == len(ALL_CLIENTS) - 1
    assert (expected.keys["python"], expected.keys["user"]) == ("3.13", 1000)
    assert expected.keys["labels"]["queue.backend"] == "redis"
    assert expected.keys["env"]["OPENHQM_QUEUE_BACKEND"] == "redis"
    assert expected.platforms == BOTH


def test_platforms_may_differ_between_variants() -> None:
    run = ready(selection={"redis": (AMD,), "kafka": BOTH})
    assert run.plan.lanes == [("redis", AMD), ("kafka", AMD), ("kafka", ARM)]


def test_a_push_is_recorded_and_needs_the_checks() -> None:
    assert ready("redis", push=True).info.push
    assert not ready("redis").info.push
    with pytest.raises(UsageProblem, match="turn off push"):
        ready("redis", push=True, check=False)
    with pytest.raises(UsageProblem, match="choose one of them"):
        ready("redis", push=True, test_only=True)


def test_a_run_to_test_only_has_throwaway_names() -> None:
    info = ready("redis", "all", test_only=True).info
    assert [t.tags for t in info.targets] == [
        (f"openhqm-tui-test:{info.id}-redis",),
        (f"openhqm-tui-test:{info.id}-all",),
    ]


def test_the_given_base_replaces_the_upstream_image() -> None:
    body = ready("redis").plan.targets[0].body
    assert body["contexts"] == {"python:3.13-slim": "docker-image://mine:1"}
    assert (
        "contexts" not in ready(base_image="python:3.13-slim", plan_only=True).plan.targets[0].body
    )


def test_a_base_built_on_this_machine_cant_be_pulled() -> None:
    pull = Overrides(("--pull",))
    with pytest.raises(UsageProblem, match="-debian was built on this machine"):
        ready(base_image="openhqm-base:3.13-debian", overrides=pull, plan_only=True)
    assert ready(base_image="mine:1", overrides=pull, plan_only=True).plan.targets


def test_the_base_of_a_lone_dockerfile_is_replaced() -> None:
    lone = msgspec.structs.replace(
        THEIRS, bake_file="", bases=("debian:12",), bake_targets={"app": {"context": "."}}
    )
    run = ready("app", source=lone, platforms=(), plan_only=True)
    assert run.plan.targets[0].body["contexts"] == {"debian:12": "docker-image://mine:1"}
    assert run.info.base == "mine:1"
    assert "contexts" not in ready("app", source=lone, base_image="").plan.targets[0].body


def test_the_upstream_base_image_is_not_replaced() -> None:
    run = ready(base_image="python:3.12-slim", python_version="3.12", plan_only=True)
    assert "contexts" not in run.plan.targets[0].body
    assert run.plan.targets[0].body["args"]["PYTHON_VERSION"] == "3.12"


@pytest.mark.parametrize(
    ("engine", "more", "message"),
    [
        (facts(server_version="", error="the Docker engine isn't running"), {}, "isn't running"),
        (facts(builder_error='no builder "x" found'), {}, "x"),
        (facts(buildx_version=""), {}, "Buildx"),
        (facts(buildx_version="0.9.0"), {}, "0.9.0"),
        (facts(containerd_store=False), {}, "single-platform"),
        (
            facts(nodes=(Node("default", native=AMD, platforms=(AMD,)),), platforms=(AMD,)),
            {},
            "no emulator for linux/arm64 on this machine",
        ),
    ],
)
def test_limits_of_the_engine_are_reported_before_the_build(
    engine: EngineFacts, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineProblem) as caught:
        ready(engine=engine, **more)
    assert message in str(caught.value)
    assert caught.value.exit_code == 3
    assert ready(engine=engine, plan_only=True, **more), "a plan needs no engine"


def test_without_an_engine_a_replay_is_suggested() -> None:
    for engine, offered in (
        (facts(server_version="", error="the Docker engine isn't running"), True),
        (facts(buildx_version="0.9.0"), False),
    ):
        with pytest.raises(EngineProblem) as caught:
            ready(engine=engine)
        assert ("`openhqm-tui replay`" in str(caught.value)) is offered


def test_one_platform_does_not_need_the_containerd_store() -> None:
    assert ready(platforms=(AMD,), engine=facts(containerd_store=False))


def test_images_that_cant_be_compared_are_not_pushed() -> None:
    with pytest.raises(EngineProblem, match="can't be compared with the verified ones"):
        ready(platforms=(AMD,), engine=facts(containerd_store=False), push=True)
    assert ready(platforms=(AMD,), engine=facts(), push=True)


def test_without_checks_a_missing_emulator_is_only_a_warning() -> None:
    alone = facts(nodes=(Node("default", native=AMD, platforms=(AMD,)),), platforms=(AMD,))
    (warning,) = ready(engine=alone, check=False).warnings
    assert "linux/arm64" in warning


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Pullable(Reach.OK), None),
        (Pullable(Reach.OK, platforms=BOTH), None),
        (Pullable(Reach.OK, platforms=(AMD,)), "has no image for linux/arm64"),
        (Pullable(Reach.NETWORK, "no response"), "for linux/amd64, linux/arm64: no response"),
        (Pullable(Reach.RATE_LIMIT, "429"), "use --base-image REF"),
    ],
)
def test_a_base_that_must_be_pulled_is_looked_up_first(
    monkeypatch: pytest.MonkeyPatch, answer: Pullable, message: str | None
) -> None:
    def pulled(*_: Any, **__: Any) -> BaseChoice:
        return BaseChoice("python:3.13-slim", WILL_BE_PULLED)

    monkeypatch.setattr(module, "choose_base", pulled)
    monkeypatch.setattr(preflight, "check_pullable", lambda ref: answer)
    if message is None:
        assert ready().info.base == "python:3.13-slim"
        return
    with pytest.raises(EngineProblem) as caught:
        ready()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"selection": {}}, "nothing selected to build"),
        ({"ca_bundle": "/nope.pem"}, "/nope.pem"),
        ({"name": "Bad"}, "lower case"),
        ({"tag": "a b"}, "isn't a valid tag"),
    ],
)
def test_bad_input_is_a_usage_problem(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        ready(**more)
    assert message in str(caught.value)


def test_the_machines_ca_bundle_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("x")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert ready().plan.targets[0].body["secret"] == [f"id=ca-bundle,src={bundle}"]


# -- where the context comes from -------------------------------------------------------------


def args(context: Path) -> dict[str, str]:
    body = ready(source=msgspec.structs.replace(SOURCE, context=str(context))).plan.targets[0].body
    return {**body["args"], **body["labels"]}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "requirements.txt").write_text("x")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "x")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "x@example.org")
        monkeypatch.setenv(f"GIT_{name}_DATE", "1700000000 +0000")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return folder


def test_a_checkouts_commit_and_time_become_labels(checkout: Path) -> None:
    found = args(checkout)
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert found["org.opencontainers.image.revision"] == head
    assert found["SOURCE_DATE_EPOCH"] == "1700000000"


def test_a_signature_program_configured_in_a_checkout_is_not_run(tmp_path: Path) -> None:
    hostile = Checkout(tmp_path)
    signature(hostile)
    found = args(hostile.folder)
    assert found["org.opencontainers.image.revision"] == hostile.git("rev-parse", "HEAD")
    assert not hostile.ran()


def test_source_date_epoch_has_priority(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    assert args(checkout)["SOURCE_DATE_EPOCH"] == "7"


@pytest.mark.parametrize("value", ["", "soon", "-1", "²"])
def test_an_invalid_source_date_epoch_is_ignored(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    assert args(checkout)["SOURCE_DATE_EPOCH"] == "1700000000"


def test_a_folder_without_a_checkout_has_no_commit(tmp_path: Path) -> None:
    assert "org.opencontainers.image.revision" not in args(tmp_path)


# -- the bake file of another project ---------------------------------------------------------

THEIRS = Source(
    kind=SourceKind.BAKE,
    variants=(Variant("app", "D"),),
    context="/theirs",
    bake_file="/theirs/docker-bake.hcl",
    bake_targets={"app": {"dockerfile": "D", "tags": ["app:1"]}},
)


def test_without_expectations_only_the_platform_is_checked() -> None:
    run = ready("app", source=THEIRS, base_image="")
    assert all(not one.expectation.has_python for one in run.expectations)
    assert (run.info.base, run.info.cwd, run.info.dockerfile) == (
        "",
        "/theirs",
        "/theirs/docker-bake.hcl",
    )


def theirs(*names: str, push: bool = False, **bodies: dict[str, Any]) -> Prepared:
    """Return the plan for targets of a bake file on their own platforms."""
    variants = tuple(Variant(name, "D") for name in bodies)
    source = msgspec.structs.replace(THEIRS, variants=variants, bake_targets=bodies)
    chosen = names or tuple(bodies)
    return ready(*chosen, source=source, base_image="", platforms=(), plan_only=True, push=push)


def test_a_target_without_platforms_is_built_for_the_builders_own() -> None:
    run = theirs(app={}, here={"platforms": ["local"]}, both={"platforms": ["arm64", "amd64"]})
    assert [target.platforms for target in run.info.targets] == [
        ("linux/amd64",),
        ("linux/amd64",),
        ("linux/arm64", "linux/amd64"),
    ]
    bodies = run.plan.as_bake()["target"]
    assert [body.get("platforms") for body in bodies.values()] == [
        None,
        ["local"],
        ["arm64", "amd64"],
    ]


def test_a_target_for_other_systems_only_is_left_out_with_a_warning() -> None:
    run = theirs(app={}, win={"platforms": ["windows/amd64"]})
    assert [target.name for target in run.info.targets] == ["app"]
    assert "win is not built for windows/amd64: such images can't be checked" in run.warnings
    with pytest.raises(UsageProblem, match=r"windows/amd64.*use --platforms"):
        theirs(win={"platforms": ["windows/amd64"]})


@pytest.mark.parametrize("second", ["app:1", "docker.io/library/app:1"])
def test_two_targets_with_one_tag_are_refused(second: str) -> None:
    with pytest.raises(UsageProblem, match=f"a and b have the same tag {second}"):
        theirs(a={"tags": ["app:1"]}, b={"tags": ["x/b:1", second]})
    assert len(theirs("a", a={"tags": ["app:1"]}, b={"tags": [second]}).plan.targets) == 1


def test_a_tag_without_a_version_is_the_same_as_latest() -> None:
    with pytest.raises(UsageProblem, match="have the same tag x/app:latest"):
        theirs(a={"tags": ["x/app"]}, b={"tags": ["x/app:latest"]})


@pytest.mark.parametrize(("tag", "warned"), [("app:1", True), ("acme/app:1", False)])
def test_a_push_to_a_name_without_a_registry_is_a_warning(tag: str, warned: bool) -> None:
    run = theirs(app={"tags": [tag]}, push=True)
    assert any("docker.io/library/" in warning for warning in run.warnings) is warned


def test_an_artifact_keeps_its_output_and_all_its_platforms() -> None:
    body = {"output": ["type=local,dest=out"], "platforms": ["linux/amd64", "darwin/arm64"]}
    run = theirs(files=body, lint={"call": "check"})
    assert run.plan.as_bake()["target"] == {"files": body, "lint": {"call": "check"}}
    assert [target.artifacts for target in run.info.targets] == [("local out",), ("check",)]
    assert run.expectations == ()


def test_changes_to_a_bake_file_are_foreseen() -> None:
    bodies: dict[str, dict[str, Any]] = {
        "app": {"output": ["type=registry"], "platforms": ["amd64", "darwin/arm64"]}
    }
    source = msgspec.structs.replace(
        THEIRS, bake_targets=bodies, problems=("target odd is skipped",)
    )
    planned = ready("app", source=source, base_image="", platforms=(), plan_only=True)
    options = BuildOptions({"app": (AMD,)})
    assert module.foreseen_warnings(options, FACTS, source) == planned.warnings
    assert len(planned.warnings) == 4


def test_a_base_image_has_no_effect_on_a_bake_file() -> None:
    with pytest.raises(Problem, match="targets of a bake file may have different base images"):
        ready("app", source=THEIRS)


# -- builders on other machines ---------------------------------------------------------------

DUO = facts(
    builder="duo",
    driver="remote",
    nodes=(Node("a", native=AMD, platforms=(AMD,)), Node("b", native=ARM, platforms=(ARM,))),
)
SOLO = facts(builder="solo", driver="docker-container")
FOUND = Pullable(Reach.OK, platforms=BOTH)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "check_pullable", lambda ref: FOUND)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("engine", [DUO, SOLO])
def test_images_built_on_another_machine_are_pushed_by_digest(engine: EngineFacts) -> None:
    run = ready(engine=engine, push=True)
    assert run.info.by_digest
    assert "push-by-digest=true" in json.dumps(run.plan.as_bake())
    assert not ready(push=True).info.by_digest, "the engine's own builder loads it"
    assert ready(push=True).plan.targets[0].body["output"] == ["type=docker"]


@pytest.mark.usefixtures("found")
def test_several_nodes_can_load_one_platform_only() -> None:
    with pytest.raises(EngineProblem, match="builder duo has 2 nodes") as caught:
        ready(engine=DUO)
    assert "--push --name REGISTRY/NAME; for a local registry" in str(caught.value)
    for more in ({"platforms": (ARM,)}, {"push": True}, {"engine": SOLO}, {"plan_only": True}):
        assert ready(**({"engine": DUO} | more))


@pytest.mark.parametrize(
    ("answer", "here", "base_image", "message"),
    [
        (FOUND, (), "", ""),
        (FOUND, (), "r.example/base:1", ""),
        (Pullable(Reach.MISSING, "no such image"), BOTH, "base:1", "must come from a registry"),
        (Pullable(Reach.NETWORK, "no such host"), (), "", "must come from a registry"),
        (Pullable(Reach.OK, platforms=(AMD,)), (), "r.example/b:1", "has no image for linux/arm64"),
        # The builder may reach a registry that this machine can't.
        (Pullable(Reach.NETWORK, "no such host"), (), "r.example/b:1", "may reach it"),
    ],
)
def test_a_remote_builder_needs_a_base_from_a_registry(
    monkeypatch: pytest.MonkeyPatch,
    answer: Pullable,
    here: tuple[Platform, ...],
    base_image: str,
    message: str,
) -> None:
    monkeypatch.setattr(preflight, "check_pullable", lambda ref: answer)
    monkeypatch.setattr(preflight, "local_platforms", lambda refs, _: {refs[0]: here})
    if message.startswith(("must", "has no")):
        with pytest.raises(EngineProblem, match=message) as caught:
            ready(engine=SOLO, base_image=base_image)
        assert "builder solo can't use this engine's images" in str(caught.value)
        assert "--base-image localhost:5000/base" in str(caught.value)
    else:
        run = ready(engine=SOLO, base_image=base_image)
        assert message in " ".join(run.warnings)
        assert run.info.base == (base_image or "python:3.13-slim")


def test_several_names_are_all_planned_and_duplicates_refused() -> None:
    run = ready(name="a.example/x, b.example/y")
    assert run.info.targets[0].tags == (*("a.example/x:latest-redis", "b.example/y:latest-redis"),)
    with pytest.raises(UsageProblem, match="given twice"):
        ready(name="x,docker.io/library/x")
