"""What a Dockerfile holds of secrets is found, in whatever way it is written."""

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
def test_what_is_found(text: str, secrets: set[str]) -> None:
    assert dockerfile_secrets(text) == secrets


def test_any_number_is_read_in_bounds() -> None:
    assert len(dockerfile_secrets("".join(f"ENV T{n}_TOKEN=v{n}\n" for n in range(5000)))) == 1000
    assert dockerfile_secrets("ENV " + "a" * 300_000) == frozenset()
