"""Image names: one or several, in full, without duplicates."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.plan.image_names import check_names, full_name, split_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("openhqm", ("openhqm",)),
        ("a, b/c ,", ("a", "b/c")),
        ("ghcr.io/acme/x,localhost:5000/x", ("ghcr.io/acme/x", "localhost:5000/x")),
        (" , ", ()),
    ],
)
def test_a_line_of_names_is_split_at_its_commas(text: str, names: tuple[str, ...]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("openhqm", "docker.io/library/openhqm"),
        ("acme/openhqm", "docker.io/acme/openhqm"),
        ("docker.io/acme/openhqm", "docker.io/acme/openhqm"),
        ("docker.io/openhqm", "docker.io/library/openhqm"),
        ("index.docker.io/acme/openhqm", "docker.io/acme/openhqm"),
        ("localhost/x", "localhost/x"),
        ("localhost:5000/x", "localhost:5000/x"),
        ("ghcr.io/acme/x", "ghcr.io/acme/x"),
    ],
)
def test_a_short_name_gets_the_registry_that_docker_implies(name: str, full: str) -> None:
    assert full_name(name) == full


def test_the_main_name_stays_first() -> None:
    assert check_names(["ghcr.io/acme/x", "acme/x"]) == ("ghcr.io/acme/x", "acme/x")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["acme/x", "acme/x"], "the image name 'acme/x' is given twice; remove one"),
        (
            ["acme/x", "docker.io/acme/x"],
            "'docker.io/acme/x' is given twice .'acme/x' is the same repository.; remove one",
        ),
        (["acme/y", "acme/X"], "image names are lower case: write acme/x"),
        (["acme/x", "acme/x:1"], "omit the tag"),
        (["acme/x", ""], "the image name is empty"),
        ([], "the image name is empty"),
    ],
)
def test_duplicate_and_invalid_names_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(UsageProblem, match=message):
        check_names(names)


@pytest.mark.parametrize(
    ("tag", "repository"),
    [
        ("localhost:5000/x:1.0", "localhost:5000/x"),
        ("localhost:5000/x", "localhost:5000/x"),
        ("x:1.0", "x"),
        ("x", "x"),
    ],
)
def test_the_repository_is_the_tag_without_its_version(tag: str, repository: str) -> None:
    assert repository_of(tag) == repository
