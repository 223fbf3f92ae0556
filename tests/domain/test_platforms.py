"""Platforms: every common spelling is parsed to the same one."""

from __future__ import annotations

import contextlib
import platform as this_machine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import (
    ARCHITECTURES,
    Platform,
    parse_platform,
    parse_platforms,
)


@pytest.mark.parametrize(
    ("typed", "platform"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("Linux/X86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("arm64", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64v8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("armv6l", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("i686", "linux/386"),
        ("ppc64el", "linux/ppc64le"),
        (" linux / s390x ", "linux/s390x"),
        ("linux/arm64/v8.2", "linux/arm64/v8.2"),
        ("linux/riscv64/rva22u64", "linux/riscv64/rva22u64"),
        ("linux/mips64le/softfloat", "linux/mips64le/softfloat"),
    ],
)
def test_every_spelling_becomes_that_of_oci(typed: str, platform: str) -> None:
    assert str(parse_platform(typed)) == platform


def test_the_platform_of_this_machine_is_supported() -> None:
    assert this_machine.machine() in parse_platform(this_machine.machine()).machines


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_parsed_platform_parses_to_itself(arch: str) -> None:
    once = parse_platform(arch)
    assert parse_platform(str(once)) == once
    assert once.machines
    assert once.qemu
    assert once.python_platforms[0].startswith("linux-")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("linux/amd46", "did you mean linux/amd64?"),
        ("linux/arm46", "did you mean linux/arm"),
        ("linux/aarch46", "did you mean linux/arm64?"),
        ("windows/amd64", "only Linux images"),
        ("darwin/arm64", "write linux/arm64"),
        ("windows/nope", "try linux/amd64 or linux/arm64"),
        ("", "unknown platform ''"),
        ("/", "unknown platform '/'"),
        ("linux/", "unknown platform 'linux/'"),
        ("linux/amd64/v1/x", "unknown platform"),
        ("linux//amd64", "unknown platform"),
        ("vax", "valid: linux/386, linux/amd64"),
        ("linux/arm/v9'; id >/tmp/x; echo '", "unknown platform"),
        (
            "linux/arm/v9'; id >x; echo '",
            "write linux/arm, optionally followed by a variant such as /v7",
        ),
        ("linux/arm64/$(id)", "isn't a valid architecture variant"),
        ("linux/arm64/v8\x1b]52;c;aGk=\x07", "isn't a valid architecture variant"),
        ("linux/arm64/v8\nx", "isn't a valid architecture variant"),
        ("linux/arm64/\u202ev8", "isn't a valid architecture variant"),
        ("linux/arm64/v\u0668", "isn't a valid architecture variant"),
        ("linux/amd64/-v2", "isn't a valid architecture variant"),
        ("linux/amd64/" + "v" * 99, "isn't a valid architecture variant"),
    ],
)
def test_an_unknown_platform_is_reported_with_the_fix(typed: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_platform(typed)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=100)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(UsageProblem):
        found = parse_platform(text)
        assert found.os == "linux"
        assert found.arch in ARCHITECTURES


def test_lists_keep_their_order_without_duplicates() -> None:
    found = parse_platforms(["arm64,x86_64", "linux/amd64, linux/s390x,"])
    assert [str(one) for one in found] == ["linux/arm64", "linux/amd64", "linux/s390x"]


@pytest.mark.parametrize("typed", ["", ",", " , ", []])
def test_an_empty_list_is_refused(typed: str | list[str]) -> None:
    with pytest.raises(UsageProblem, match="no platform given"):
        parse_platforms(typed)


@pytest.mark.parametrize(
    ("wanted", "host", "native"),
    [
        ("amd64", "amd64", True),
        ("386", "amd64", True),
        ("amd64", "386", False),
        ("arm64", "amd64", False),
        ("linux/amd64/v3", "amd64", True),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/arm/v7", "arm64", False),
    ],
)
def test_compatible_platforms_run_without_an_emulator(wanted: str, host: str, native: bool) -> None:
    assert parse_platform(wanted).runs_natively_on(parse_platform(host)) is native


def test_another_operating_system_is_never_native() -> None:
    assert not parse_platform("amd64").runs_natively_on(Platform("darwin", "amd64"))


def test_platforms_sort_by_their_spelling() -> None:
    unsorted = [parse_platform(text) for text in ("s390x", "arm64", "amd64")]
    assert [str(one) for one in sorted(unsorted)] == ["linux/amd64", "linux/arm64", "linux/s390x"]
