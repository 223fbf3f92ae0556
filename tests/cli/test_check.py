"""`check` by hand: by what name an image is asked."""

from __future__ import annotations

import pytest

from openhqm_tui.cli.check import _by_digest

DIGEST = "sha256:f8ba94d0003271c3" + "0" * 48


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("openhqm", f"openhqm@{DIGEST}"),
        ("openhqm:latest", f"openhqm@{DIGEST}"),
        ("localhost:5000/a/b:1", f"localhost:5000/a/b@{DIGEST}"),
        ("localhost:5000/a/b", f"localhost:5000/a/b@{DIGEST}"),
        (f"openhqm@{DIGEST}", f"openhqm@{DIGEST}"),
        (f"openhqm:latest@{DIGEST}", f"openhqm:latest@{DIGEST}"),
        # An id is no repository: `sha256@sha256:…` names nothing.
        (DIGEST, DIGEST),
        (DIGEST[7:], DIGEST),
        (DIGEST[7:19], DIGEST),
    ],
)
def test_an_image_is_asked_by_its_digest(image: str, reference: str) -> None:
    assert _by_digest(image, DIGEST) == reference
