"""The public web address of a Git remote, without credentials."""

from __future__ import annotations

import pytest

from openhqm_tui.engine.source.git import web_address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/openhqm/openhqm.git", "https://github.com/openhqm/openhqm"),
        ("https://github.com/openhqm/openhqm/", "https://github.com/openhqm/openhqm"),
        ("http://git.example/a/b", "https://git.example/a/b"),
        ("https://git.example:8443/a/b", "https://git.example:8443/a/b"),
        ("https://me:ghp_secret@github.com/a/b.git", "https://github.com/a/b"),
        ("https://ghp_secret@github.com/a/b", "https://github.com/a/b"),
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("github.com:a/b", "https://github.com/a/b"),
        ("ssh://git@GitLab.example:2222/group/sub/b.git", "https://gitlab.example/group/sub/b"),
        ("git://git.example/a/b", "https://git.example/a/b"),
    ],
)
def test_a_public_remote_has_a_web_address(remote: str, address: str) -> None:
    assert web_address(remote) == address


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/git/a",
        "../a",
        "file:///srv/git/a",
        "ext::sh -c x",
        "https://github.com",
        "https://localhost/a",
        "https://github.com/a b",
        "https://github.com/a\n/b",
        "https://github.com/a/../b",
        "https://[bad/a",
        "C:\\git\\a",
        f"https://github.com/{'a' * 400}",
    ],
)
def test_other_remotes_have_no_address(remote: str) -> None:
    assert web_address(remote) == ""
