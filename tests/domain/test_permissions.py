"""What a definition needs and what covers it, as Buildx computes it."""

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


def words(body: dict[str, Any]) -> list[str]:
    """What a target needs beside its context and Dockerfile in the folder."""
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
        # A folder may be called so, and Buildx prefers it; without `..` or a link it lies inside.
        ({"context": "https://h/../x"}, ["fs.read=https://h/../x"]),
        ({"context": "https://h/x", "dockerfile": "../D"}, ["fs.read=../D", "fs.read=https://h/x"]),
        ({"context": "git@h:a/b.git#main:sub"}, ["fs.read=git@h:a/b.git#main:sub", "ssh"]),
        ({"context": "ssh://git@h/a.git"}, ["fs.read=ssh://git@h/a.git", "ssh"]),
        ({"context": "git@h:a", "ssh": ["default=k"]}, ["fs.read=git@h:a", "fs.read=k"]),
        ({"context": "github.com/a/b"}, ["fs.read=github.com/a/b"]),
        ({"contexts": {"x": "https://h/x", "y": "github.com/a/b"}}, []),
        ({"contexts": {"x": "docker-image:x"}}, ["fs.read=docker-image:x"]),
        # Of these Buildx opens what the system finds there, after links.
        ({"contexts": {"x": "a/../b"}}, ["fs.read=a/../b"]),
        # Go refuses the escape, so that Buildx takes it for a folder.
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
def test_what_a_target_needs(body: dict[str, Any], needs: list[str]) -> None:
    assert words(body) == needs


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
def test_what_a_permission_covers(grant: str, need: str, covered: bool) -> None:
    (one,), (other,) = parse_permission(grant), parse_permission(need)
    assert one.covers(other) is covered
    assert bool(missing([Need(other, other)], [one])) is not covered


def test_a_path_that_is_not_there_yet_is_covered_by_its_own_name() -> None:
    need = Need(Permission("fs.write", "/a/new"), Permission("fs.write", "/a"))
    assert missing([need], parse_permission("fs.write=/a/new")) == ()
    assert missing([need], ()) == (Permission("fs.write", "/a"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fs.raed=/a", "did you mean fs.read?"),
        ("network.host=yes", "network.host takes no value"),
        ("everything", "valid: fs=PATH"),
        ("", "unknown permission"),
    ],
)
def test_an_unknown_permission_is_refused_with_the_nearest(text: str, said: str) -> None:
    with pytest.raises(UsageProblem, match="--allow") as caught:
        parse_permission(text)
    assert said in str(caught.value)


def test_the_permissions_of_images_are_known_and_grant_nothing() -> None:
    assert parse_permission("image.push=a/b") == parse_permission("image=a") == ()


def test_fs_is_both() -> None:
    assert list(map(str, parse_permission("fs=/a"))) == ["fs.read=/a", "fs.write=/a"]


def test_flags_are_as_buildx_writes_them() -> None:
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


def test_who_is_asked_sees_one_line_without_control_characters() -> None:
    problem = PermissionsNeeded((Permission("fs.read", "/a\x1b]52;c;x\x07\n/b"),), "/p")
    assert "\x1b" not in str(problem)
    assert "\n" not in str(problem)
    assert problem.exit_code == 2


def test_linked_targets_come_along_once() -> None:
    bodies = {
        "a": {"contexts": {"x": "target:b", "y": "target:gone"}},
        "b": {"contexts": {"x": "target:c"}},
        "c": {"contexts": {"x": "target:a"}},
        "d": {},
    }
    assert linked(bodies, ["a"]) == ["a", "b", "c"]
    assert linked(bodies, ["d", "nobody"]) == ["d"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"output": ["type=registry"], "tags": ["r/a:1"]}, ("pushes app to r/a:1",)),
        ({"output": [{"type": "image", "push": "true", "name": "r/b"}]}, ("pushes app to r/b",)),
        ({"output": [{"type": "image", "push": "false"}]}, ()),
        ({"output": ["type=image", "type=docker"]}, ()),
        ({"cache-to": ["r/cache"]}, ("writes the cache of app to registry r/cache",)),
        ({"cache-to": ["type=s3,bucket=b"]}, ("writes the cache of app to s3 b",)),
        ({"cache-to": ["type=gha", "type=inline", "type=local,dest=c"]}, ()),
    ],
)
def test_what_the_definition_itself_pushes(body: dict[str, Any], told: tuple[str, ...]) -> None:
    assert pushes("app", body) == told


def test_the_names_of_an_output_are_the_tags_of_a_target_without_any() -> None:
    body = {"output": ['type=registry,"name=r/a:1,r/b:2"', "type=docker,name=c"]}
    assert names_in_outputs(body) == ("r/a:1", "r/b:2")


def test_caches_that_a_login_writes_are_left_out() -> None:
    local = {"type": "local", "dest": "c"}
    assert without_remote_caches([local, "r/c", {"type": "s3"}, "type=gha"]) == [local, "type=gha"]


@pytest.mark.parametrize("told", ["1", "true", "yes", ""])
def test_an_image_output_pushes_unless_it_surely_does_not(told: str) -> None:
    assert is_pushing({"type": "image", "push": told})
