"""Registry queries through Docker's own commands; credentials are left to Docker."""

from __future__ import annotations

from collections.abc import Sequence

_BUILDX = ("docker", "buildx", "imagetools")


def push_command(tag: str) -> list[str]:
    """Return the command that pushes a tag of the engine's store, with all its platforms."""
    return ["docker", "push", tag]


def pull_command(reference: str, platform: str) -> list[str]:
    """Return the command that pulls one platform's image by the digest of its index."""
    return ["docker", "pull", "--quiet", "--platform", platform, reference]


def tag_command(tag: str, reference: str, builder: str = "") -> list[str]:
    """Return the command that tags an image that a registry has by its digest, unchanged.

    If the tag is in another registry, the image is copied there.
    """
    # By default Buildx wraps an image without an index in one, which changes the digest.
    return [*_create(builder), "--prefer-index=false", "--tag", tag, reference]


def merge_command(name: str, parts: Sequence[str], builder: str = "") -> list[str]:
    """Return the command that pushes an index of images that a registry has by their digests.

    `name` is `REPOSITORY@DIGEST` with the digest of the index, so that it gets no tag.
    """
    return [*_create(builder), "--tag", name, *parts]


def merged_command(parts: Sequence[str], builder: str = "") -> list[str]:
    """Return the command that prints the index that `merge_command` would push."""
    return [*_create(builder), "--dry-run", *parts]


def read_back_command(reference: str, builder: str = "") -> list[str]:
    """Return the command that prints an index or a manifest unchanged."""
    return [*_BUILDX, "inspect", *_of(builder), "--raw", reference]


def _create(builder: str) -> list[str]:
    return [*_BUILDX, "create", *_of(builder), "--progress", "plain"]


def _of(builder: str) -> list[str]:
    # The builder's settings have the registries with plain HTTP or their own CA.
    return ["--builder", builder] if builder else []
