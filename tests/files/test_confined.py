"""Files below a folder: no link leads out, only regular files are opened, and sizes are limited."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openhqm_tui.files.confined import open_to_write, read_inside, resolved_inside

MOST = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder next to a file with a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "secret").write_text("secret")
    folder = tmp_path / "folder"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "file").write_text("here")
    (folder / "sub" / "file").write_text("below")
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("file", b"here"),
        ("./sub//file", b"below"),
        ("sub/../file", b"here"),
        ("sub/deep/../file", b"below"),
    ],
)
def test_a_file_inside_is_read(folder: Path, name: str, content: bytes) -> None:
    assert read_inside(folder, name, MOST) == content


@pytest.mark.parametrize(
    ("target", "content"),
    [("file", b"here"), ("sub/file", b"below"), ("sub/../sub/./file", b"below")],
)
def test_a_link_that_stays_inside_is_followed(folder: Path, target: str, content: bytes) -> None:
    (folder / "link").symlink_to(target)
    assert read_inside(folder, "link", MOST) == content
    (folder / "sub" / "up").symlink_to("../link")
    assert read_inside(folder, "sub/up", MOST) == content
    (folder / "absolute").symlink_to(folder / target)
    assert read_inside(folder, "absolute", MOST) == content


def test_links_are_followed_where_the_folder_itself_is_a_link(folder: Path) -> None:
    (folder / "absolute").symlink_to(folder / "file")
    alias = folder.with_name("alias")
    alias.symlink_to(folder)
    assert read_inside(alias, "absolute", MOST) == b"here"


@pytest.mark.parametrize(
    "target",
    ["../secret", "sub/../../secret", "../folder/../secret", "/etc/passwd", "/dev/zero", "out"],
)
def test_a_link_that_leads_out_is_refused(folder: Path, target: str) -> None:
    (folder / "out").symlink_to("../secret")
    (folder / "link").symlink_to(target)
    with pytest.raises(OSError, match="points outside its folder"):
        read_inside(folder, "link", MOST)


@pytest.mark.parametrize("target", ["../away", "{top}/away", "{top}/folder/../away"])
def test_a_folder_that_is_a_link_out_is_refused(folder: Path, target: str) -> None:
    (folder / "checks").symlink_to(target.format(top=folder.parent))
    with pytest.raises(OSError, match="points outside its folder"):
        read_inside(folder, "checks/secret", MOST)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/../../secret"])
def test_a_name_that_leads_out_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"outside its folder|not a path inside the folder"):
        read_inside(folder, name, MOST)


def test_a_fifo_neither_blocks_nor_is_read(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    with pytest.raises(OSError, match="not a regular file"):
        read_inside(folder, "fifo", MOST)
    with pytest.raises(OSError, match="not a regular file"):
        os.close(open_to_write(folder, "fifo"))


def test_circular_links_are_refused(folder: Path) -> None:
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links"):
        read_inside(folder, "one", MOST)


@pytest.mark.parametrize("name", ["sub", ".", "", "sub/.."])
def test_a_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(IsADirectoryError):
        read_inside(folder, name, MOST)


def test_a_missing_file_is_reported(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_inside(folder, "none", MOST)
    with pytest.raises(FileNotFoundError):
        read_inside(folder, "none/file", MOST)
    with pytest.raises(NotADirectoryError):
        read_inside(folder, "file/none", MOST)


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    with (folder / "large").open("wb") as out:
        out.truncate(10 * MOST)
    with pytest.raises(OSError, match="larger than 1 MB"):
        read_inside(folder, "large", MOST)
    assert read_inside(folder, "file", 4) == b"here"
    with pytest.raises(OSError, match="larger than"):
        read_inside(folder, "file", 3)


def test_writing_through_a_link_is_refused(folder: Path) -> None:
    (folder / "inner").symlink_to("file")
    (folder / "outer").symlink_to("../secret")
    (folder / "to-be").symlink_to("../made")
    (folder / "below").symlink_to("sub")
    for name in ("inner", "outer", "to-be"):
        with pytest.raises(OSError, match="links are not followed"):
            open_to_write(folder, name, empty=True)
    with pytest.raises(OSError):  # noqa: PT011 - Linux and macOS have different numbers for it
        open_to_write(folder, "below/file")
    assert (folder.parent / "secret").read_text() == "secret"
    assert not (folder.parent / "made").exists()
    assert (folder / "file").read_text() == "here"


def test_a_file_is_created_for_its_owner_appended_to_and_emptied(folder: Path) -> None:
    for text in (b"one", b"two"):
        with os.fdopen(open_to_write(folder, "sub/new"), "ab") as out:
            out.write(text)
    assert (folder / "sub" / "new").read_bytes() == b"onetwo"
    assert (folder / "sub" / "new").stat().st_mode & 0o777 == 0o600
    os.close(open_to_write(folder, "sub/new", empty=True))
    assert (folder / "sub" / "new").read_bytes() == b""


def test_no_descriptor_stays_open(folder: Path) -> None:
    (folder / "link").symlink_to("sub/deep/../file")
    (folder / "out").symlink_to("../secret")
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    for name in ("file", "link", "out", "sub", "none/x"):
        try:
            read_inside(folder, name, MOST)
        except OSError:
            continue
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_paths_are_resolved_inside_the_folder(folder: Path) -> None:
    (folder / "out").symlink_to("../away")
    (folder / "in").symlink_to("sub")
    assert resolved_inside(folder, "in/x") == folder / "sub" / "x"
    assert resolved_inside(folder, ".") == folder
    for path in ("..", "out", "out/x", "/etc", "a\0b"):
        assert resolved_inside(folder, path) is None
