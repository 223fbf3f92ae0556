"""The forms of tokens and the names of secrets: the one table, for finding and for redacting.

A token is found in files by `exact`, the form in which it is issued: a false alarm fails an image.
It is redacted by `loose`, which allows more lengths and letters: a false alarm costs one word.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple


class TokenForm(NamedTuple):
    """One form: its prefixes, and patterns for what follows.

    `public` prefixes identify the token without being part of the secret.
    """

    kind: str
    starts: tuple[str, ...]
    exact: str
    loose: str
    public: bool = False

    @property
    def start(self) -> str:
        """The pattern of its prefixes."""
        words = "|".join(map(re.escape, self.starts))
        return f"(?:{words})" if len(self.starts) > 1 else words


TOKEN_FORMS: tuple[TokenForm, ...] = (
    TokenForm(
        "AWS access key",
        ("AKIA", "ASIA"),
        r"[A-Z2-7]{16}(?![A-Za-z0-9])",
        r"[0-9A-Z]{16}(?![A-Za-z0-9])",
    ),
    TokenForm(
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        r"[A-Za-z0-9]{36,255}",
        r"[A-Za-z0-9]{20,}",
    ),
    TokenForm("GitHub token", ("github_pat_",), r"[A-Za-z0-9_]{60,255}", r"[A-Za-z0-9_]{20,}"),
    TokenForm(
        "GitLab token",
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "gloas-"),
        r"[A-Za-z0-9_-]{20,255}",
        r"[A-Za-z0-9_.-]{16,}",
    ),
    TokenForm(
        "Slack token",
        ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-"),
        r"[0-9]{8,20}-[A-Za-z0-9-]{10,255}",
        r"[A-Za-z0-9-]{10,}",
    ),
    TokenForm("Slack token", ("xapp-",), r"[A-Za-z0-9-]{20,255}", r"[A-Za-z0-9-]{10,}"),
    TokenForm(
        "Slack webhook",
        ("hooks.slack.com/services/",),
        r"T[A-Z0-9]{8,20}/B[A-Z0-9]{8,20}/[A-Za-z0-9]{20,64}",
        r"[A-Za-z0-9/]+",
        public=True,
    ),
    TokenForm(
        "Google API key", ("AIza",), r"[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", r"[0-9A-Za-z_-]{30,}"
    ),
    TokenForm("Google client secret", ("GOCSPX-",), r"[0-9A-Za-z_-]{28}", r"[0-9A-Za-z_-]{20,}"),
    TokenForm("Google access token", ("ya29.",), r"[0-9A-Za-z_-]{20,2000}", r"[0-9A-Za-z_.-]{20,}"),
    TokenForm(
        "Stripe key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        r"[0-9A-Za-z]{24,255}",
        r"[0-9A-Za-z]{16,}",
    ),
    TokenForm("npm token", ("npm_",), r"[A-Za-z0-9]{36}(?![A-Za-z0-9_])", r"[A-Za-z0-9]{30,}"),
    TokenForm("PyPI token", ("pypi-",), r"AgE[A-Za-z0-9_-]{60,1000}", r"[A-Za-z0-9_-]{30,}"),
    TokenForm(
        "Docker Hub token",
        ("dckr_pat_", "dckr_oat_"),
        r"[A-Za-z0-9_-]{27,255}",
        r"[A-Za-z0-9_-]{16,}",
    ),
    TokenForm("Anthropic key", ("sk-ant-",), r"[A-Za-z0-9_-]{40,255}", r"[A-Za-z0-9_-]{16,}"),
    TokenForm(
        "OpenAI key",
        ("sk-proj-", "sk-svcacct-", "sk-admin-"),
        r"[A-Za-z0-9_-]{40,255}",
        r"[A-Za-z0-9_-]{16,}",
    ),
    TokenForm(
        "OpenAI key",
        ("sk-",),
        r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}(?![A-Za-z0-9])",
        r"[A-Za-z0-9_-]{20,}",
    ),
    TokenForm(
        "Hugging Face token", ("hf_",), r"[A-Za-z0-9]{30,60}(?![A-Za-z0-9_])", r"[A-Za-z0-9]{20,}"
    ),
    TokenForm(
        "SendGrid key",
        ("SG.",),
        r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",
        r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    ),
    TokenForm(
        "Azure storage key",
        ("AccountKey=",),
        r"[A-Za-z0-9+/]{86}==",
        r"[A-Za-z0-9+/]{40,}={0,2}",
        public=True,
    ),
    TokenForm("age key", ("AGE-SECRET-KEY-1",), r"[0-9A-Z]{58}", r"[0-9A-Z]{20,}"),
    TokenForm(
        "DigitalOcean token", ("doo_v1_", "dop_v1_", "dor_v1_"), r"[a-f0-9]{64}", r"[a-f0-9]{32,}"
    ),
    TokenForm(
        "Vault token", ("hvs.", "hvb.", "hvr."), r"[A-Za-z0-9_-]{24,300}", r"[A-Za-z0-9_-]{20,}"
    ),
    TokenForm("Grafana token", ("glsa_",), r"[A-Za-z0-9]{32}_[a-f0-9]{8}", r"[A-Za-z0-9_]{20,}"),
    TokenForm("RubyGems key", ("rubygems_",), r"[a-f0-9]{48}", r"[a-f0-9]{32,}"),
    TokenForm(
        "JSON web token",
        ("eyJ",),
        r"[A-Za-z0-9_-]{8,500}\.eyJ[A-Za-z0-9_-]{8,2500}\.[A-Za-z0-9_-]{16,700}",
        r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    ),
)
# Where a token may start: not within a word, but after an encoded character (`%3D`, JSON's `\n`).
BEGINS = r"(?:(?<![A-Za-z0-9_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
# In text also after `_`.
BEGINS_LOOSELY = BEGINS.replace("A-Za-z0-9_", "A-Za-z0-9")

PRIVATE_KEY = "private key"
PRIVATE_KEY_START = r"-----BEGIN "
# In a separate file, or as a string with escaped newlines. A header extends only to the end of
# its line: otherwise matching could take exponential time.
PRIVATE_KEY_EXACT = (
    r"(?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[A-Za-z-]{1,40}: [^\r\n\\]{0,200}(?=[\r\n\\])|\s|\\r|\\n){1,64}"
    r"(?P<value>[A-Za-z0-9+/=]{48,})"
)
PRIVATE_KEY_LOOSE = (
    r"(?P<head>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
    r"(?P<key>.*?)(?P<foot>-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)

_ALONE = frozenset(
    {"password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "secrets", "token"}
    | {"tokens", "credential", "credentials", "creds", "apikey", "pat", "jwt", "sas", "sig"}
    | {"bearer", "authorization", "cookie"}
)
# As in `PGPASSWORD`, `githubtoken`.
_AT_END = ("password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey")
# A `CACHE_KEY` isn't a secret; these are.
_OF_KEYS = frozenset(
    {"api", "private", "access", "account", "deploy", "encryption", "license", "master", "secret"}
    | {"shared", "signing", "ssh", "storage", "host", "service", "app", "client"}
)
# `TOKEN_FILE` is the location of a secret, not the secret.
_PLACES = frozenset({"file", "path", "dir", "name", "type", "length", "ttl", "mode", "count"})
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_secret_name(name: str) -> bool:
    """Return whether a variable, argument or field with this name is likely to be a secret."""
    words = [word.lower() for word in WORDS.findall(name)]
    if not words or words[-1] in _PLACES:
        return False
    pairs = list(pairwise(words))
    return (
        not _ALONE.isdisjoint(words)
        or words[-1] == "auth"
        or any(word.endswith(_AT_END) for word in words)
        or any(second == "key" and first in _OF_KEYS for first, second in pairs)
        or ("connection", "string") in pairs
    )
