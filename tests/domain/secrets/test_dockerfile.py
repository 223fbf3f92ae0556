"""Secrets in a Dockerfile are found in every syntax."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.secrets.redact import dockerfile_secrets


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("ENV DB_PASSWORD=hunter22", {"hunter22"}),
        ("  env A=1 DB_PASSWORD=hunter22 B=2", {"hunter22"}),
        ("ENV DB_PASSWORD=\"a b\" TOKEN='c d'", {"a b", "c d"}),
        ("ENV A=1 \\\n    API_TOKEN=xyz \\\r\n    B=2", {"xyz"}),
        ("ENV DB_PASSWORD the old way", {"the old way"}),
        ("ARG NPM_TOKEN=abc\nARG OTHER=def", {"abc"}),
        ("ARG NPM_TOKEN", set()),
        ("LABEL deploy.secret=abc", {"abc"}),
        ("ARG T\nENV TOKEN=$T PASSWORD=${T:-abc}", set()),
        ("ENV REQUIRE_AUTH=false", set()),
        ("RUN export TOKEN=abc", set()),
        ("# ENV TOKEN=abc", set()),
        ('ENV TOKEN="unended', set()),
        ("", set()),
    ],
)
def test_values_of_secret_variables_and_labels_are_found(text: str, secrets: set[str]) -> None:
    assert dockerfile_secrets(text) == secrets


def test_the_number_and_length_of_values_is_limited() -> None:
    assert len(dockerfile_secrets("".join(f"ENV T{n}_TOKEN=v{n}\n" for n in range(5000)))) == 1000
    assert dockerfile_secrets("ENV " + "a" * 300_000) == frozenset()
