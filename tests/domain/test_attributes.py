"""The attributes of entries of a bake target."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.domain.plan.attributes import has_provenance


@pytest.mark.parametrize(
    ("attest", "expected"),
    [
        ([], False),
        (["type=sbom"], False),
        (["type=provenance,disabled=true"], False),
        ([{"type": "provenance", "disabled": True}], False),
        (["type=provenance,mode=max"], True),
        ([{"type": "sbom"}, {"type": "provenance"}], True),
    ],
)
def test_provenance_may_be_disabled(attest: list[Any], expected: bool) -> None:
    assert has_provenance({"attest": attest}) is expected
    assert not has_provenance({})
