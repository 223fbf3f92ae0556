"""apt's sources in both formats, and the output of `apt-cache policy`."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.engine.doctor.apt import (
    Archive,
    Candidate,
    main_archive,
    parse_deb822,
    parse_one_line,
    parse_policy,
    read_archives,
    upstream,
)

DEB822 = """\
# a comment
Types: deb deb-src
# the mirrors
URIs: http://one.example/debian http://two.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb-src
URIs: http://sources.example
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example
Suites: bookworm
Components: main
"""


def test_the_deb822_format_is_parsed() -> None:
    found = parse_deb822(DEB822)
    assert [archive.uri for archive in found] == [
        "http://one.example/debian",
        "http://two.example/debian",
        "http://one.example/debian-security",
    ]
    assert found[0].suites == ("bookworm", "bookworm-updates")
    assert found[0].components == ("main", "contrib")
    assert found[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert found[2].signed_by == ""


def test_the_one_line_format_is_parsed() -> None:
    found = parse_one_line(
        "# deb http://off.example bookworm main\n"
        "deb http://one.example/debian bookworm main contrib # ours\n"
        "deb-src http://src.example bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://two.example/debian sid main\n"
        "\n"
        "nonsense\n"
    )
    assert found == [
        Archive(
            uri="http://one.example/debian", suites=("bookworm",), components=("main", "contrib")
        ),
        Archive(
            uri="http://two.example/debian",
            suites=("sid",),
            components=("main",),
            signed_by="/k.gpg",
        ),
    ]


def test_source_files_are_read_in_the_order_of_apt(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example s main\n")
    (parts / "z.list").write_text("deb http://z.example s main\n")
    (parts / "b.sources").write_text("Types: deb\nURIs: http://b.example\nSuites: s\n")
    (parts / "c.list.bak").write_text("deb http://never.example s main\n")
    assert [archive.uri for archive in read_archives(tmp_path)] == [
        "http://a.example",
        "http://b.example",
        "http://z.example",
    ]
    assert read_archives(tmp_path / "nowhere") == ()


def test_the_main_archive_is_that_of_the_installed_release() -> None:
    archives = tuple(parse_deb822(DEB822))
    own = main_archive(archives[::-1], "bookworm")
    assert own is not None
    assert own.uri.endswith("/debian")
    assert main_archive(archives, "trixie") is None
    assert main_archive((), "bookworm") is None
    stable = (Archive(uri="u", suites=("stable",), components=("main",)),)
    assert main_archive(stable, "bookworm") == stable[0]


def test_installed_and_candidate_versions_are_parsed() -> None:
    text = (
        "docker.io:\n  Installed: (none)\n  Candidate: 20.10.24+dfsg1-1\n  Version table:\n"
        "     20.10.24+dfsg1-1 500\n        500 http://one.example bookworm/main Packages\n"
        "mmdebstrap:\n  Installed: 1.3.5-7\n  Candidate: 1.3.5-7\n"
        "docker-buildx:\n  Installed: (none)\n  Candidate: (none)\n"
    )
    assert parse_policy(text) == {
        "docker.io": Candidate("", "20.10.24+dfsg1-1"),
        "mmdebstrap": Candidate("1.3.5-7", "1.3.5-7"),
        "docker-buildx": Candidate("", ""),
    }


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("28.5.2+dfsg4-5", "28.5.2+dfsg4"),
        ("5:28.0.1-1~debian.12~bookworm", "28.0.1"),
        ("1.2", "1.2"),
        ("", ""),
    ],
)
def test_epoch_and_debian_revision_are_removed(version: str, expected: str) -> None:
    assert upstream(version) == expected
