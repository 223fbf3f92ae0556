"""The images that a Dockerfile starts from."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.plan.image_names import base_images


@pytest.mark.parametrize(
    ("dockerfile", "images"),
    [
        ("", ()),
        ("FROM scratch\n", ()),
        ("FROM debian:12\nRUN x\n", ("debian:12",)),
        ("# FROM old\nARG A\nfrom debian:12 as base\nFROM base\n", ("debian:12",)),
        ("FROM golang AS Build\nFROM debian:12\nFROM build\n", ("golang", "debian:12")),
        ("FROM a\nFROM a AS b\nFROM a\n", ("a",)),
        ("FROM --platform=$BUILDPLATFORM \\\n  a:1 AS x\n", ("a:1",)),
        ("ARG TAG=1\nFROM a:${TAG}\n", ("a:${TAG}",)),
        ("FROM\tx\r\nRUN y\r\n", ("x",)),
        ("RUN echo FROM x\n", ()),
    ],
)
def test_images_are_named_without_stages(dockerfile: str, images: tuple[str, ...]) -> None:
    assert base_images(dockerfile) == images
