"""Redaction of secrets in output; other text is unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.secrets.patterns import is_secret_name
from openhqm_tui.domain.secrets.redact import (
    MASK,
    Mask,
    bake_secrets,
    config_secrets,
    masked,
    secret_values,
)

# Assembled here: a literal token would trigger secret scanners.
GITHUB = "ghp_" + "a1B2" * 9
AWS = "AKIA" + "ABCDEFGH12345678"
JWT = "eyJhbGciOiJI" + ".eyJzdWIiOiIxMjM0In0" + ".sflKxwRJSMeKKF2QT4"


@pytest.mark.parametrize(
    "name",
    [
        "NPM_TOKEN",
        "npm-token",
        "DB_PASSWORD",
        "apiKey",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_PAT",
        "AccountKey",
        "X-Api-Key",
        "NPM_AUTH",
        "_auth",
        "client_secret",
        "ssh.private.key",
        "sig",
    ],
)
def test_names_of_secrets_are_recognized(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "QUEUE_BACKEND",
        "PYTHON_VERSION",
        "GPG_KEY",
        "TOKENIZERS_PARALLELISM",
        "AUTHOR",
        "PASSWORD_FILE",
        "TOKEN_PATH",
        "CACHE_KEY",
        "COMPASS",
        "MONKEY",
        "SOURCE_DATE_EPOCH",
        "_",
    ],
)
def test_other_names_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("NPM_TOKEN=abc123", "NPM_TOKEN=***"),
        ('--build-arg NPM_TOKEN="a b c" .', '--build-arg NPM_TOKEN="***" .'),
        ("env: TOKEN=abc", "env: TOKEN=***"),
        ('TOKEN="not ended', "TOKEN=***"),
        (r'PASSWORD="a\"b" c', 'PASSWORD="***" c'),
        ("PASSWORD=it's&more;of,it", "PASSWORD=***"),
        ("AccountKey=abc==;Endpoint=x", "AccountKey=***;Endpoint=x"),
        ("https://x/y?sig=abc%3D&page=2", "https://x/y?sig=***&page=2"),
        ('{"password": "hunter2", "x": 1}', '{"password": "***", "x": 1}'),
        (r"{\"api_key\":\"hunter2\"}", r"{\"api_key\":\"***\"}"),
        ("password: hunter", "password: ***"),
        ("token: 8f1c22ab", "token: ***"),
        ("login --password hunter2 --user me", "login --password *** --user me"),
        ("https://me:hunter2@host/x", "https://***@host/x"),
        ("https://hunter2@host/x", "https://***@host/x"),
        ("redis://:hunter2@host:1", "redis://***@host:1"),
        ("Authorization: Bearer abcdefghijk", "Authorization: *** ***"),
        (f"using {GITHUB} now", "using *** now"),
        (f"({AWS})", "(***)"),
        (f"{JWT}", "***"),
        ("https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/services/***"),
    ],
)
def test_secrets_in_text_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "unexpected token: foo",
        'failed to fetch anonymous token: Get "https://host/v2/"',
        "secret not found: foo",
        "RUN --mount=type=secret,id=ca-bundle,target=/x uv pip install",
        "ssh://git@host/x",
        "sha256:553bfb8419fc2b8abaa2d2dbd29e626326c7a2e1ca1ac05f3d3062682fef22da",
        "queue.backend=redis, OPENHQM_QUEUE_BACKEND=redis",
        "CPython 3.13.5 linux-aarch64",
        "TOKEN=\nnext",
        " + google-auth==2.62.2",
        "if token==expected1234:",
        "",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert masked(text) == text


def test_a_key_over_several_lines_is_masked() -> None:
    kind = "RSA PRIVATE" + " KEY"
    lines = ["before", f"-----BEGIN {kind}-----", "MIIE", "abcd", f"-----END {kind}-----", "after"]
    shown = [MASK if line in {"MIIE", "abcd"} else line for line in lines]
    assert Mask().lines(lines) == tuple(shown)
    assert Mask().lines(lines[:4]) == tuple(shown[:4]), "a log that was cut inside the key"
    assert Mask().lines([]) == ()


def test_known_values_are_masked_everywhere() -> None:
    values = secret_values({"NPM_TOKEN": "hunter2!", "OTHER": "redis", "A_PASSWORD": "1"})
    assert values == {"hunter2!", "1"}
    mask = Mask(values)
    assert mask.text("fetched with hunter2! from redis 1") == "fetched with *** from redis 1"
    assert Mask(["abcdef", "abcdefgh"]).text("abcdefgh") == MASK
    assert Mask(["first line\nsecond line"]).text("the second line here") == "the *** here"


def test_the_rest_of_a_secret_before_a_cut_is_masked() -> None:
    mask = Mask(["correct-horse"])
    assert mask.text("RUN login correct-ho… and cor…") == "RUN login ***… and ***…"
    assert mask.text("RUN login c…") == "RUN login c…", "too short to recognize"
    assert mask.text(f"RUN login {GITHUB[:9]}…") == "RUN login ***…"
    assert mask.text("not at its end: correct-ho") == "not at its end: correct-ho"


def test_a_value_is_masked_by_its_name() -> None:
    assert Mask().named("NPM_TOKEN", "x" * 8) == MASK
    assert Mask().named("NPM_TOKEN", "x" * 7) == "x" * 7, "too short to be a secret"
    assert Mask().named("NPM_TOKEN", "") == ""
    assert Mask().named("INDEX_URL", "https://me:pw@host") == "https://***@host"


@given(st.lists(st.text(alphabet="TOKEN=token:\"'\\ \t&;-*1a/@{}"), max_size=4))
def test_masking_any_text_twice_changes_nothing(lines: list[str]) -> None:
    once = Mask().lines(lines)
    assert len(once) == len(lines)
    assert Mask().lines(once) == once


@pytest.mark.parametrize(
    "part", ["http://", 'token="', "a: ", "--a ", "TOKEN", r"\"", "eyJaaaaaaaa."]
)
def test_long_texts_are_masked(part: str) -> None:
    assert masked(part * 30_000 + " NPM_TOKEN=abc").endswith("***")


@pytest.mark.parametrize(
    ("bake", "secrets"),
    [
        (
            {"target": {"a": {"args": {"A_TOKEN": "one"}}, "b": {"args": {"A_TOKEN": "two"}}}},
            {"one", "two"},
        ),
        ({"target": {"a": {"labels": {"deploy.secret": "abc", "title": "def"}}}}, {"abc"}),
        ({"target": {"a": {"args": {"PASSWORD": 12}}}}, {"12"}),
        ({"target": {"a": {}, "b": None, "c": {"args": []}}}, set()),
        ({"target": []}, set()),
        ({}, set()),
    ],
)
def test_secrets_in_a_bake_file_are_found(bake, secrets) -> None:
    assert bake_secrets(bake) == secrets


def test_secrets_in_a_config_are_found() -> None:
    env = ["PATH=/bin", "DB_PASSWORD=a=b", "REQUIRE_AUTH=false", "TOKEN"]
    assert config_secrets(env, {"queue.token": "c", "title": "d"}) == {"a=b", "", "c"}


def test_the_number_and_length_of_secrets_in_a_config_is_limited() -> None:
    many = [f"TOKEN_{number}={number}" + "x" * 5000 for number in range(5000)]
    found = config_secrets(many, {})
    assert 10 < len(found) < 1000
    assert max(map(len, found)) < 5000


def test_the_start_of_a_long_text_is_cut_and_masked() -> None:
    long = "a_token=b;" * 1_000_000
    assert Mask().start(long).startswith(f"a_token={MASK};a_token={MASK};")
    assert len(Mask().start(long)) < len(long) / 50
    assert Mask().start("short password=x") == f"short password={MASK}"
    assert Mask().start("any text", "DB_PASSWORD") == MASK


@pytest.mark.parametrize("secret", ["ghp_" + "a1B2" * 20, "no-form-but-known"])
def test_a_secret_across_the_cut_is_masked(secret: str) -> None:
    start = Mask(["no-form-but-known"]).start("x " * 1021 + secret)
    assert start.endswith(f"x {MASK}…")
