"""The table of token formats: each one is found in files and redacted in texts."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.secrets.detect import sorts_in
from openhqm_tui.domain.secrets.patterns import TOKEN_FORMS, TokenForm
from openhqm_tui.domain.secrets.redact import MASK, Mask, masked

_RANDOM = random.Random(11)
_WORD = string.ascii_letters + string.digits


def noise(length: int, letters: str = _WORD) -> str:
    return "".join(_RANDOM.choices(letters, k=length))


# As they are issued, but assembled here: a literal token would trigger secret scanners.
ISSUED: dict[str, str] = {
    "AWS access key": "AKIA" + noise(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567"),
    "AWS session key": "ASIA" + noise(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567"),
    "GitHub token": "ghp_" + noise(36),
    "GitHub app token": "ghs_" + noise(36),
    "GitHub fine-grained token": "github_pat_" + noise(22) + "_" + noise(59),
    "GitLab token": "glpat-" + noise(20),
    "Slack bot token": "xoxb-" + noise(12, "9876054321") + "-" + noise(24),
    "Slack app token": "xapp-1-A" + noise(10) + "-" + noise(13, "97531") + "-" + noise(64, "af31"),
    "Slack webhook": "https://hooks.slack.com/services/T0A9B8C7D/B9Z8Y7X6W/" + noise(24),
    "Google API key": "AIza" + noise(35),
    "Google client secret": "GOCSPX-" + noise(28),
    "Google access token": "ya29." + noise(120),
    "Stripe live key": "sk_live_" + noise(24),
    "Stripe test key": "sk_test_" + noise(24),
    "Stripe restricted key": "rk_test_" + noise(24),
    "npm token": "npm_" + noise(36),
    "PyPI token": "pypi-AgEIcHlwaS5vcmc" + noise(80),
    "Docker Hub token": "dckr_pat_" + noise(27),
    "Anthropic key": "sk-ant-api03-" + noise(90),
    "OpenAI key": "sk-proj-" + noise(90),
    "older OpenAI key": "sk-" + noise(20) + "T3BlbkFJ" + noise(20),
    "Hugging Face token": "hf_" + noise(34, string.ascii_letters),
    "SendGrid key": "SG." + noise(22) + "." + noise(43),
    "age key": "AGE-SECRET-KEY-1" + noise(58, string.ascii_uppercase),
    "Vault token": "hvs." + noise(90),
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9." + "eyJ" + noise(60) + "." + noise(43),
    "Azure storage key": "AccountKey=" + noise(86) + "==",
}


# The others are recognized by the text before them.
STANDALONE = {
    name: token for name, token in ISSUED.items() if not token.startswith(("https", "AccountKey"))
}


def secret_of(token: str) -> str:
    """Return the part of a token that must be hidden."""
    return token.rpartition("services/")[2].removeprefix("AccountKey=")


@pytest.mark.parametrize("token", ISSUED.values(), ids=ISSUED)
def test_every_token_is_found_and_redacted(token: str) -> None:
    assert sorts_in(f"key {token}\n".encode())
    for text in (token, f"key: {token}.", f'{{"x": "{token}"}}', f"a={quote(token, safe='')}&b"):
        assert secret_of(token)[4:] not in masked(text)


@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(st.data())
@pytest.mark.parametrize("form", TOKEN_FORMS, ids=lambda form: form.starts[0])
def test_any_text_in_a_token_format_is_found_and_redacted(
    form: TokenForm, data: st.DataObject
) -> None:
    start = data.draw(st.sampled_from(form.starts))
    rest = data.draw(st.from_regex(form.exact, fullmatch=True).filter(str.isascii))
    assume(len(set(rest.lower())) > 8)
    assume(found := sorts_in(f"{start}{rest} \n".encode()))
    assert form.kind in found
    assert rest not in masked(f"printed {start}{rest} here")


@pytest.mark.parametrize(
    "hidden_in",
    [
        pytest.param(
            lambda token: f"\x1b[31m{token[:9]}\x1b[0m\x1b[1m{token[9:]}\x1b[0m", id="colors"
        ),
        pytest.param(lambda token: f"{token[:9]}\u200b{token[9:]}", id="zero width"),
        pytest.param(lambda token: json.dumps(f"a\n{token}"), id="JSON"),
        pytest.param(lambda token: f"?a=b%3D{token}%26", id="percent"),
        pytest.param(lambda token: base64.b64encode(token.encode()).decode(), id="Base64"),
        pytest.param(lambda token: base64.b64encode(f"me:{token}".encode()).decode(), id="login"),
        pytest.param(
            lambda token: base64.urlsafe_b64encode(f"=/{token}".encode()).decode(), id="URL"
        ),
    ],
)
@pytest.mark.parametrize("token", STANDALONE.values(), ids=STANDALONE)
def test_no_encoding_hides_a_token(token: str, hidden_in: Callable[[str], str]) -> None:
    encoded = hidden_in(token)
    assert MASK in Mask().raw(f"step: {encoded} end")
    assert encoded not in Mask().raw(f"step: {encoded} end")


@pytest.mark.parametrize(
    "value", ["correct horse/battery?", 'it\'s "quoted"', "grün-und-breit", "a+b=c&d%e"]
)
def test_no_encoding_hides_a_known_value(value: str) -> None:
    mask = Mask([value])
    data = value.encode()
    forms = [
        value,
        quote(value, safe=""),
        quote(value),
        quote(value, safe="").lower(),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace("'", "'\"'\"'"),
        *(base64.b64encode(b"x" * before + data + b"yy").decode() for before in range(3)),
        base64.urlsafe_b64encode(data).decode(),
        f"{value[:4]}\x1b[1m{value[4:]}",
    ]
    for form in forms:
        assert mask.raw(f"-- {form} --") == f"-- {MASK} --"


def test_a_multi_line_value_is_redacted_line_by_line() -> None:
    mask = Mask(["first-line-of-it\nsecond-line-of-it\n"])
    assert mask.text("a first-line-of-it") == f"a {MASK}"
    assert mask.text("second-line-of-it") == MASK
    assert mask.text(r"first-line-of-it\nsecond-line-of-it") == MASK


@pytest.mark.parametrize(
    "value", ["true", "latest", "short", "1234567", "redis-cluster", "linux/amd64", "required"]
)
def test_short_and_public_values_are_kept(value: str) -> None:
    mask = Mask([value], public=["redis-cluster", "linux/amd64"])
    assert mask.text(f"built {value} now") == f"built {value} now"
    assert mask.named("DB_PASS", value) == value


def test_a_long_value_under_a_secrets_name_is_masked() -> None:
    assert Mask().named("DB_PASS", "eight-ch") == MASK
    assert Mask().whole({"args": {"DB_PASS": "eight-ch", "MODE": "eight-ch2"}}) == {
        "args": {"DB_PASS": MASK, "MODE": "eight-ch2"}
    }
