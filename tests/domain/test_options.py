"""The one validation of build options, for the command line and the Plan screen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.plan.options import BuildOptions, problems_in, validate
from tests.eight_variants import EIGHT

OURS = Source(kind=SourceKind.BUNDLED, variants=EIGHT)
BAKE = Source(kind=SourceKind.BAKE, variants=EIGHT, bake_file="/x/docker-bake.hcl")
NONE = Source(kind=SourceKind.BAKE, variants=EIGHT, dockerfile="/x/Dockerfile")
LONE, SEVERAL, VARIABLE = (
    msgspec.structs.replace(NONE, bases=bases)
    for bases in (("debian:12",), ("golang", "debian:12"), ("a:${TAG}",))
)
TAGGED = Source(kind=SourceKind.BAKE, variants=EIGHT, bake_targets={"a": {"tags": ["x:1"]}})


@pytest.mark.parametrize(
    ("source", "fields", "wrong"),
    [
        (OURS, {}, {}),
        (None, {"tag": "1.2", "base_image": "a/b:1", "builder": "duo"}, {}),
        (OURS, {"name": "ghcr.io/acme/openhqm", "tag": "1.2", "base_image": "a/b:1"}, {}),
        (OURS, {"name": "a.example/x, y"}, {}),
        (OURS, {"name": ""}, {"name": "write a name"}),
        (OURS, {"name": "Acme"}, {"name": "write acme"}),
        (OURS, {"name": "acme:1"}, {"name": "omit the tag"}),
        (OURS, {"name": "y, docker.io/library/y"}, {"name": "given twice"}),
        (TAGGED, {"name": "a"}, {}),
        (TAGGED, {"name": "a, b"}, {"name": "only one image name"}),
        (OURS, {"tag": ""}, {"tag": "use a tag such as latest"}),
        (OURS, {"tag": "1 2"}, {"tag": "such as 1-2"}),
        (OURS, {"tag": "x" * 125}, {"tag": "use at most 120"}),
        (OURS, {"builder": "-x"}, {"builder": "isn't a valid builder name"}),
        (OURS, {"base_image": "Python:3"}, {"base": "isn't a valid image reference"}),
        (BAKE, {"base_image": "a/b:1"}, {"base": "build-context NAME=docker-image://REF"}),
        (LONE, {"base_image": "a/b:1"}, {}),
        (SEVERAL, {"base_image": "a/b:1"}, {"base": "golang, debian:12"}),
        (VARIABLE, {"base_image": "a/b:1"}, {"base": "depends on a build argument"}),
        (NONE, {"base_image": "a/b:1"}, {"base": "/x/Dockerfile has no base image, so"}),
        (OURS, {"push": True}, {}),
        (OURS, {"test_only": True, "check": False, "no_push": True}, {}),
        (
            OURS,
            {"push": True, "test_only": True},
            {"push": "push can't be combined with test-only"},
        ),
        (OURS, {"push": True, "no_push": True}, {"push": "push can't be combined with no-push"}),
        (OURS, {"push": True, "check": False}, {"push": "checks are turned off"}),
        (OURS, {"push": True, "ignored": ("context",)}, {"push": "`context` is ignored"}),
        (OURS, {"push": True, "ignored": ("context",), "context": "."}, {}),
        (OURS, {"name": "A B", "tag": "/"}, {"name": "lower-case", "tag": "isn't a valid tag"}),
    ],
)
def test_invalid_options_are_reported_with_the_fix(
    source: Source | None, fields: dict[str, Any], wrong: dict[str, str]
) -> None:
    options = BuildOptions({}, **fields)
    found = {field: str(problem) for field, problem in problems_in(options, source)}
    assert set(found) == set(wrong)
    for field, text in wrong.items():
        assert text in found[field]
        # The Plan screen shows the same message, and flags mean nothing there.
        assert "--" not in found[field]
    if wrong:
        with pytest.raises(UsageProblem, match=next(iter(wrong.values()))):
            validate(options, source)
