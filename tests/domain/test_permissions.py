"""The permissions a definition needs and what covers them, as Buildx computes it."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.permissions import (
    Need,
    Permission,
    PermissionsNeeded,
    allow_flags,
    described,
    is_pushing,
    linked,
    missing,
    names_in_outputs,
    needed,
    parse_permission,
    pushes,
    without_remote_caches,
)


def extra_needs(body: dict[str, Any]) -> list[str]:
    """What a target needs apart from its context and Dockerfile in the folder."""
    usual = {"fs.read=.", "fs.read=Dockerfile"}
    return sorted({str(one) for one in needed(body)} - usual)


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ({}, []),
        ({"context": "app"}, ["fs.read=app", "fs.read=app/Dockerfile"]),
        ({"context": ".."}, ["fs.read=..", "fs.read=../Dockerfile"]),
        ({"context": "cwd://../a"}, ["fs.read=../a", "fs.read=../a/Dockerfile"]),
        ({"context": "a/../../b/"}, ["fs.read=../b", "fs.read=../b/Dockerfile"]),
        ({"context": "/a", "dockerfile": "/b/D"}, ["fs.read=/a", "fs.read=/b/D"]),
        ({"context": "/a", "dockerfile": "cwd://D"}, ["fs.read=/a", "fs.read=D"]),
        # A folder may have this name, and Buildx prefers it; without `..` or a link it is inside.
        ({"context": "https://h/../x"}, ["fs.read=https://h/../x"]),
        ({"context": "https://h/x", "dockerfile": "../D"}, ["fs.read=../D", "fs.read=https://h/x"]),
        ({"context": "git@h:a/b.git#main:sub"}, ["fs.read=git@h:a/b.git#main:sub", "ssh"]),
        ({"context": "ssh://git@h/a.git"}, ["fs.read=ssh://git@h/a.git", "ssh"]),
        ({"context": "git@h:a", "ssh": ["default=k"]}, ["fs.read=git@h:a", "fs.read=k"]),
        ({"context": "github.com/a/b"}, ["fs.read=github.com/a/b"]),
        ({"contexts": {"x": "https://h/x", "y": "github.com/a/b"}}, []),
        ({"contexts": {"x": "docker-image:x"}}, ["fs.read=docker-image:x"]),
        # Buildx opens these by path as they are, so links are followed first.
        ({"contexts": {"x": "a/../b"}}, ["fs.read=a/../b"]),
        # Go refuses the escape, so Buildx treats it as a folder.
        ({"context": "ssh://%zz/../../../etc"}, ["fs.read=../etc", "fs.read=../etc/Dockerfile"]),
        ({"contexts": {"x": "target:y", "z": "docker-image://i"}}, []),
        ({"contexts": {"x": "../x"}}, ["fs.read=../x"]),
        ({"contexts": {"x": "oci-layout://../x:tag"}}, ["fs.read=../x", "fs.read=oci-layout://../x:tag"]),
        ({"secret": [{"id": "k", "src": "/k"}]}, ["fs.read=/k"]),
        ({"secret": ["id=k,source=/k"]}, ["fs.read=/k"]),
        ({"secret": ["id=k,env=K"]}, []),
        ({"secret": ["type=env,id=k,src=K"]}, []),
        ({"secret": ['"id=k","src=/a,b"']}, ["fs.read=/a,b"]),
        ({"secret": ["id=/k"]}, ["fs.read=/k"]),
        ({"ssh": [{"id": "default"}]}, ["ssh"]),
        ({"ssh": ["default=/a,/b"]}, ["fs.read=/a", "fs.read=/b"]),
        ({"cache-from": [{"type": "local", "src": "/c"}, "a/b:c"]}, ["fs.read=/c"]),
        ({"cache-to": ["type=local,dest=/c,mode=max"]}, ["fs.write=/c"]),
        ({"cache-to": [{"type": "registry", "ref": "a/b"}]}, []),
        ({"output": [{"type": "local", "dest": "/o"}]}, ["fs.write=/o"]),
        ({"output": ["/o"]}, ["fs.write=/o"]),
        ({"output": ["type=tar,dest=-", "type=docker", "type=registry,dest=/x"]}, []),
        ({"output": ["type=oci,dest=/o.tar"]}, ["fs.write=/o.tar"]),
        ({"network": "host"}, ["network.host"]),
        ({"network": "none"}, []),
        ({"entitlements": ["security.insecure"]}, ["security.insecure"]),
        ({"entitlements": ["network.host"]}, ["network.host"]),
        ({"entitlements": ["device", "device=a/b=c,x"]}, ["device", "device=a/b=c"]),
    ],
)  # fmt: skip
def test_a_target_needs_a_permission_for_each_path_and_privilege(
    body: dict[str, Any], needs: list[str]
) -> None:
    assert extra_needs(body) == needs


@pytest.mark.parametrize(
    ("grant", "need", "covered"),
    [
        ("fs.read=/a", "fs.read=/a", True),
        ("fs.read=/a", "fs.read=/a/b", True),
        ("fs.read=/a/", "fs.read=/a/b", True),
        ("fs.read=/", "fs.read=/a", True),
        ("fs.read=*", "fs.read=/a", True),
        ("fs.read=/a", "fs.read=/ab", False),
        ("fs.read=/a/b", "fs.read=/a", False),
        ("fs.read=*", "fs.write=/a", False),
        ("device", "device=x", True),
        ("device=x", "device=x", True),
        ("device=x", "device=y", False),
        ("device=x", "device", False),
        ("ssh", "ssh", True),
        ("network.host", "security.insecure", False),
    ],
)
def test_a_permission_covers_paths_below_it_and_its_own_kind(
    grant: str, need: str, covered: bool
) -> None:
    (one,), (other,) = parse_permission(grant), parse_permission(need)
    assert one.covers(other) is covered
    assert bool(missing([Need(other, other)], [one])) is not covered


def test_a_path_that_does_not_exist_yet_is_covered_by_its_name() -> None:
    need = Need(Permission("fs.write", "/a/new"), Permission("fs.write", "/a"))
    assert missing([need], parse_permission("fs.write=/a/new")) == ()
    assert missing([need], ()) == (Permission("fs.write", "/a"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fs.raed=/a", "did you mean fs.read?"),
        ("network.host=yes", "network.host takes no value"),
        ("everything", "valid: fs=PATH"),
        ("", "unknown permission"),
    ],
)
def test_an_unknown_permission_suggests_the_nearest(text: str, message: str) -> None:
    with pytest.raises(UsageProblem, match="--allow") as caught:
        parse_permission(text)
    assert message in str(caught.value)


def test_permissions_of_images_are_accepted_and_grant_nothing() -> None:
    assert parse_permission("image.push=a/b") == parse_permission("image=a") == ()


def test_fs_grants_reading_and_writing() -> None:
    assert list(map(str, parse_permission("fs=/a"))) == ["fs.read=/a", "fs.write=/a"]


def test_flags_are_written_as_buildx_writes_them() -> None:
    needs = [
        *parse_permission("fs=/home/x/o"),
        *parse_permission("fs.read=/far/a b"),
        *parse_permission("ssh"),
        *parse_permission("network.host"),
    ]
    assert allow_flags(needs, "/home/x/p") == [
        "--allow=network.host",
        "--allow=ssh",
        "--allow=fs=../o",
        "'--allow=fs.read=/far/a b'",
    ]
    assert described(needs, "/home/x/p") == [
        "use the host's network in build containers",
        "forward the SSH agent",
        "read and write ../o",
        "read /far/a b",
    ]


def test_the_question_is_one_line_without_control_characters() -> None:
    problem = PermissionsNeeded((Permission("fs.read", "/a\x1b]52;c;x\x07\n/b"),), "/p")
    assert "\x1b" not in str(problem)
    assert "\n" not in str(problem)
    assert problem.exit_code == 2


def test_linked_targets_are_included_once() -> None:
    bodies = {
        "a": {"contexts": {"x": "target:b", "y": "target:gone"}},
        "b": {"contexts": {"x": "target:c"}},
        "c": {"contexts": {"x": "target:a"}},
        "d": {},
    }
    assert linked(bodies, ["a"]) == ["a", "b", "c"]
    assert linked(bodies, ["d", "nobody"]) == ["d"]


@pytest.mark.parametrize(
    ("body", "pushed"),
    [
        ({"output": ["type=registry"], "tags": ["r/a:1"]}, ("pushes app to r/a:1",)),
        ({"output": [{"type": "image", "push": "true", "name": "r/b"}]}, ("pushes app to r/b",)),
        ({"output": [{"type": "image", "push": "false"}]}, ()),
        ({"output": ["type=image", "type=docker"]}, ()),
        ({"cache-to": ["r/cache"]}, ("exports the cache of app to registry r/cache",)),
        ({"cache-to": ["type=s3,bucket=b"]}, ("exports the cache of app to s3 b",)),
        ({"cache-to": ["type=gha", "type=inline", "type=local,dest=c"]}, ()),
    ],
)
def test_pushes_and_remote_caches_of_the_definition_are_listed(
    body: dict[str, Any], pushed: tuple[str, ...]
) -> None:
    assert pushes("app", body) == pushed


def test_names_in_outputs_are_found() -> None:
    body = {"output": ['type=registry,"name=r/a:1,r/b:2"', "type=docker,name=c"]}
    assert names_in_outputs(body) == ("r/a:1", "r/b:2")
    assert names_in_outputs({"output": ["type=docker,name=c"]}) == ("c",)
    assert names_in_outputs({"output": ["type=docker,name=c,dest=c.tar"]}) == ()


def test_caches_that_need_a_login_are_left_out() -> None:
    local = {"type": "local", "dest": "c"}
    assert without_remote_caches([local, "r/c", {"type": "s3"}, "type=gha"]) == [local, "type=gha"]


@pytest.mark.parametrize("value", ["1", "true", "yes", ""])
def test_an_image_output_pushes_unless_push_is_false(value: str) -> None:
    assert is_pushing({"type": "image", "push": value})
