"""Permissions of a run: granted by the user, kept for retries, and never more than needed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant
from openhqm_tui.domain.plan.cache import Cache
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.permissions import PermissionsNeeded, PushNeeded, parse_permission
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.runner.build import Builds
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.start.permissions import of_settings, remember_answer
from openhqm_tui.run.start.prepare import Prepared, prepare
from openhqm_tui.store.permissions import all_remembered
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.run.test_prepare import AMD, FACTS, plain_environment

_ = plain_environment


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the current folder, with another folder next to it."""
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "docker-bake.json").write_text("{}")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to("sub")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("BUILDX_BAKE_ENTITLEMENTS_FS", raising=False)
    return folder


def bake(project: Path, **body: Any) -> Source:
    return Source(
        kind=SourceKind.BAKE,
        variants=(Variant("app", ""),),
        context=str(project),
        bake_file=str(project / "docker-bake.json"),
        bake_targets={"app": body},
    )


def ready(source: Source, *, allow: str = "", plan_only: bool = False, **more: Any) -> Prepared:
    granted = tuple(one for text in allow.split() for one in parse_permission(text))
    options = BuildOptions(selection={"app": (AMD,)}, check=False, allow=granted, **more)
    return prepare(options, FACTS, source, plan_only=plan_only)


def test_missing_permissions_are_reported_with_the_flags(project: Path) -> None:
    source = bake(project, context="../outside", network="host")
    with pytest.raises(PermissionsNeeded) as caught:
        ready(source)
    assert caught.value.exit_code == 2
    assert str(caught.value).endswith("--allow=network.host --allow=fs.read=../outside")
    with pytest.raises(PermissionsNeeded, match=r"outside$"):
        ready(source, allow="network.host")


def test_a_run_gets_exactly_the_permissions_it_needs(project: Path) -> None:
    outside = project.parent / "outside"
    source = bake(project, context="../outside", secret=["id=k,src=sub/k"])
    prepared = ready(source, allow="fs=/ ssh network.host fs.read=*")
    assert prepared.info.allow == (f"fs.read={outside}",)
    assert ready(bake(project)).info.allow == ()


def test_a_plan_needs_no_permission(project: Path) -> None:
    source = bake(project, context="../outside", output=["type=registry"])
    assert ready(source, plan_only=True).plan.targets


@pytest.mark.parametrize("value", ["0", "false"])
def test_the_environment_grants_files_and_the_agent(
    project: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BUILDX_BAKE_ENTITLEMENTS_FS", value)
    assert ready(bake(project, context="../outside", ssh=["default"])).info.allow
    with pytest.raises(PermissionsNeeded, match=r"grant permission with --allow=network.host$"):
        ready(bake(project, context="../outside", network="host"))


@pytest.mark.parametrize("value", ["1", "true"])
def test_the_environment_can_require_file_permissions(
    project: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BUILDX_BAKE_ENTITLEMENTS_FS", value)
    with pytest.raises(PermissionsNeeded):
        ready(bake(project, context="../outside"))


def test_an_invalid_value_in_the_environment_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDX_BAKE_ENTITLEMENTS_FS", "maybe")
    assert ready(bake(project)).info.allow == ()
    with pytest.raises(UsageProblem, match="BUILDX_BAKE_ENTITLEMENTS_FS=maybe"):
        ready(bake(project, context=".."))


def test_settings_grant_permissions_for_their_folder_only(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = project.parent / "outside"
    monkeypatch.setenv("HOME", str(project.parent))
    allow = {"~/project": ["fs.read=../outside", "ssh"], "/elsewhere": ["fs=*"]}
    granted = sorted(map(str, of_settings(allow, project)))
    assert granted == [f"fs.read={outside}", "ssh"]
    assert sorted(map(str, of_settings({str(project): ["fs.read=~/outside"]}, project))) == [
        f"fs.read={outside}"
    ]
    with pytest.raises(UsageProblem, match=r"did you mean fs\.read"):
        of_settings({str(project): ["fs.raed=x"]}, project)


def test_an_answer_is_remembered_for_folder_and_definition(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = bake(project, context="../outside")
    with pytest.raises(PermissionsNeeded) as caught:
        ready(source)
    remember_answer(source, caught.value.missing, str(project), 1.0)
    assert ready(source).info.allow
    # Further permissions and a changed definition need a new answer.
    with pytest.raises(PermissionsNeeded, match=r"grant permission with --allow=ssh$"):
        ready(bake(project, context="../outside", ssh=["default"]))
    assert main(["permissions"]) == 0
    assert "read ../outside" in capsys.readouterr().out
    (project / "docker-bake.json").write_text('{"target": {}}')
    with pytest.raises(PermissionsNeeded):
        ready(source)


def test_an_answer_does_not_apply_to_other_folders(project: Path) -> None:
    source = bake(project, context="../outside")
    remember_answer(source, parse_permission(f"fs.read={project.parent}"), "/elsewhere", 1.0)
    with pytest.raises(PermissionsNeeded):
        ready(source)


def test_stored_answers_can_be_revoked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = bake(project, context="../outside")
    remember_answer(source, parse_permission(f"fs.read={project.parent}"), str(project), 1.0)
    assert ready(source).info.allow
    assert main(["permissions", "revoke"]) == 0
    assert capsys.readouterr().out == f"revoked for {project}: read ..\n"
    with pytest.raises(PermissionsNeeded):
        ready(source)
    assert main(["permissions", "revoke"]) == 1
    remember_answer(source, parse_permission("ssh"), "/elsewhere", 1.0)
    assert main(["permissions", "--format", "json"]) == 0
    assert '"allow":["ssh"]' in capsys.readouterr().out
    assert main(["permissions", "revoke", "--all"]) == 0
    assert all_remembered(project.parent / "state") == []


def test_a_damaged_list_grants_nothing(project: Path) -> None:
    state = project.parent / "state"
    state.mkdir()
    (state / "permissions.json").write_text('[{"folder": 3}]')
    with pytest.raises(PermissionsNeeded):
        ready(bake(project, context="../outside"))
    remember_answer(bake(project), parse_permission("ssh"), str(project), 1.0)
    assert (state / "permissions.json").stat().st_mode & 0o777 == 0o600
    assert len(all_remembered(state)) == 1


@pytest.mark.parametrize("kind", [SourceKind.CHECKOUT, SourceKind.BUNDLED])
def test_a_plan_of_ours_needs_only_its_own_files(project: Path, kind: SourceKind) -> None:
    outside = project.parent / "outside"
    (bundle := project.parent / "ca.pem").write_text("x")
    (outside / "Dockerfile").write_text("FROM scratch\n")
    source = Source(
        kind=kind,
        variants=(Variant("app", ""),),
        context=str(outside),
        dockerfile=str(outside / "Dockerfile"),
    )
    cache = Cache("local", str(project.parent / "cache"))
    prepared = ready(source, ca_bundle=str(bundle), cache_to=(cache,))
    assert prepared.info.allow == (
        f"fs.read={bundle}",
        f"fs.read={outside}",
        f"fs.write={project.parent}/cache/app",
    )


def test_a_checkouts_dockerfile_outside_of_it_needs_permission(project: Path) -> None:
    (project.parent / "outside" / "D").write_text("FROM scratch\n")
    (project / "Dockerfile.link").symlink_to("../outside/D")
    source = Source(
        kind=SourceKind.CHECKOUT,
        variants=(Variant("app", ""),),
        context=str(project),
        dockerfile=str(project / "Dockerfile.link"),
    )
    with pytest.raises(PermissionsNeeded, match=r"--allow=fs.read=../outside/D$"):
        ready(source)


def test_linked_targets_are_planned_without_pushing(project: Path) -> None:
    source = msgspec.structs.replace(
        bake(project),
        bake_targets={
            "app": {"contexts": {"b": "target:base"}},
            "base": {"context": "../outside", "output": [{"type": "registry"}]},
        },
    )
    with pytest.raises(PermissionsNeeded, match=r"--allow=fs.read=../outside$"):
        ready(source)
    prepared = ready(source, allow="fs.read=../outside", no_push=True)
    assert prepared.plan.as_bake()["target"]["base"]["output"] == ["type=cacheonly"]
    assert [target.name for target in prepared.info.targets] == ["app"]


@pytest.mark.parametrize(
    ("link", "destination", "missing"),
    [
        ("blobs", "../../outside", "fs.write=../outside"),
        ("blobs/sha256", "../../../outside", "fs.write=../outside"),
        ("ingest/x", "../../../outside", "fs.write=../outside"),
        ("index.json", "../../outside/login.json", "fs.write=../outside/login.json"),
        ("index.json", "../../outside/new.json", "fs.write=../outside"),
        ("oci-layout", "../sub", ""),
        ("blobs", "sha256", ""),
        ("elsewhere", "../../outside", ""),
    ],
)
def test_links_in_a_cache_need_permission(
    project: Path, link: str, destination: str, missing: str
) -> None:
    (project.parent / "outside" / "login.json").write_text("{}")
    (project / "cache" / link).parent.mkdir(parents=True)
    (project / "cache" / link).symlink_to(destination)
    source = bake(project, **{"cache-to": ["type=local,dest=cache"]})
    if not missing:
        assert ready(source).info.allow == ()
        return
    with pytest.raises(PermissionsNeeded, match=f"--allow={missing}$"):
        ready(source)
    assert ready(source, allow="fs.write=../outside").info.allow is not None


def test_a_folder_named_like_the_url_of_the_context_needs_permission(project: Path) -> None:
    (project / "https:/git.example").mkdir(parents=True)
    (project / "https:/git.example/x").symlink_to(project.parent / "outside")
    source = Source(
        kind=SourceKind.CHECKOUT,
        variants=(Variant("app", ""),),
        context="https://git.example/x",
        dockerfile="Dockerfile",
    )
    with pytest.raises(PermissionsNeeded, match=r"--allow=fs.read=../outside$"):
        ready(source)


@pytest.mark.parametrize("body", [{"output": ["type=registry"]}, {"cache-to": ["r.example/cache"]}])
def test_pushes_in_the_bake_file_need_push_or_an_answer(
    project: Path, body: dict[str, Any]
) -> None:
    source = bake(project, tags=["r.example/app:1"], **body)
    with pytest.raises(PushNeeded, match=r"r.example.*--push .*--no-push"):
        ready(source)
    (local,) = ready(source, no_push=True).plan.targets
    assert local.body["output"] == ["type=docker"]
    assert local.body.get("cache-to", []) == []
    (tested,) = ready(source, test_only=True).plan.targets
    assert tested.body.get("cache-to", []) == []


def test_push_keeps_the_files_cache_export_and_pushes_after_the_checks(
    project: Path,
) -> None:
    source = bake(project, output=["type=registry,name=r.example/app:1"], **{"cache-to": ["r/c"]})
    options = BuildOptions(selection={"app": (AMD,)}, push=True)
    (target,) = prepare(options, FACTS, source).plan.targets
    assert target.body["output"] == ["type=docker"]
    assert target.body["cache-to"] == ["r/c"]
    assert target.tags == ("r.example/app:1",)


def test_push_and_no_push_contradict_each_other(project: Path) -> None:
    options = BuildOptions(selection={"app": (AMD,)}, push=True, no_push=True)
    with pytest.raises(UsageProblem, match="push can't be combined with no-push"):
        prepare(options, FACTS, bake(project))


def folder_of(prepared: Prepared, place: Path) -> tuple[RunFolder, Builds]:
    folder = RunFolder.create(place, prepared.info, prepared.plan, prepared.expectations)
    return folder, Builds(folder, JournalWriter(folder, RunState(prepared.info)))


def test_buildx_gets_exactly_the_permissions_of_the_target(project: Path, tmp_path: Path) -> None:
    prepared = ready(bake(project, context="../outside"), allow="fs.read=.. ssh")
    _, builds = folder_of(prepared, tmp_path / "run")
    needs, reason = builds._permissions("app")
    assert not reason
    command = builds._command("app", Path("m"), needs)
    allow = [word for word in command if word.startswith("--allow")]
    assert allow == [f"--allow=fs.read={tmp_path / 'outside'}"]
    assert "BUILDX_BAKE_ENTITLEMENTS_FS" not in builds._environment()


def test_a_link_changed_after_the_start_fails_the_target_with_the_flags(
    project: Path, tmp_path: Path
) -> None:
    folder, builds = folder_of(ready(bake(project, context="link")), tmp_path / "run")
    (project / "link").unlink()
    (project / "link").symlink_to("../outside")
    ended = asyncio.run(builds.build(folder.info.targets[0], 1))
    assert ended.outcome is Outcome.FAILED
    assert ended.reason.endswith(
        f"grant it with `openhqm-tui retry {folder.info.id} --allow=fs.read=../outside`"
    )
    folder.append_request(Request("retry", "app", allow=(f"fs.read={tmp_path / 'outside'}",)))
    assert builds._permissions("app") == ((f"fs.read={tmp_path / 'outside'}",), "")


def test_runs_recorded_without_permissions_need_none(project: Path, tmp_path: Path) -> None:
    source = Source(
        kind=SourceKind.CHECKOUT,
        variants=(Variant("app", ""),),
        context=str(project.parent / "outside"),
        dockerfile=str(project / "Dockerfile"),
    )
    prepared = ready(source)
    info = msgspec.structs.replace(prepared.info, allow=None)
    _, builds = folder_of(msgspec.structs.replace(prepared, info=info), tmp_path / "run")
    assert builds._permissions("app") == ((), "")


def test_every_target_is_checked_including_linked_ones(project: Path) -> None:
    """Buildx itself asks only for the files of the last of several targets."""
    source = msgspec.structs.replace(
        bake(project),
        bake_targets={
            "app": {"contexts": {"base": "target:base"}},
            "base": {"context": "../outside"},
            "other": {"context": "/usr"},
        },
    )
    with pytest.raises(
        PermissionsNeeded, match=r"grant permission with --allow=fs.read=../outside$"
    ):
        ready(source)
