"""Detection of secrets by format, file name and variable name, without false alarms."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.secrets.detect import (
    is_telling,
    secret_in_value,
    secrets_in_command,
    secrets_in_text,
    sorts_in,
    sorts_in_named,
)

_RANDOM = random.Random(7)
_B64 = string.ascii_letters + string.digits


def noise(length: int, letters: str = _B64) -> str:
    return "".join(_RANDOM.choices(letters, k=length))


def pem(kind: str, newline: str = "\n") -> str:
    # Assembled here, so that no secret scanner takes it for a real one.
    head = f"-----BEGIN {kind}PRIV" + "ATE KEY-----"
    return f"{head}{newline}{noise(64)}{newline}{noise(64)}{newline}"


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        (pem(""), "private key"),
        (pem("RSA "), "private key"),
        (pem("OPENSSH "), "private key"),
        (pem("ENCRYPTED "), "private key"),
        (pem("EC ", "\r\n"), "private key"),
        ('{"private_key": "' + pem("", "\\n") + '"}', "private key"),
        (pem("RSA ", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB\n\n"), "private key"),
        ("AKIA" + noise(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567"), "AWS access key"),
        ("'ASIA" + noise(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567") + "'", "AWS access key"),
        ("ghp_" + noise(36), "GitHub token"),
        ("github_pat_" + noise(82), "GitHub token"),
        ("glpat-" + noise(20), "GitLab token"),
        ("xoxb-" + noise(12, "0123456789") + "-" + noise(24), "Slack token"),
        (
            "https://hooks.slack.com/services/T"
            + noise(9, "AB123XYZ0")
            + "/B"
            + noise(9, "AB123XYZ0")
            + "/"
            + noise(24),
            "Slack webhook",
        ),
        ("AIza" + noise(35), "Google API key"),
        ("GOCSPX-" + noise(28), "Google client secret"),
        ("sk_live_" + noise(24), "Stripe key"),
        ("npm_" + noise(36), "npm token"),
        ("pypi-AgE" + noise(100), "PyPI token"),
        ("dckr_pat_" + noise(27), "Docker Hub token"),
        ("sk-ant-api03-" + noise(90), "Anthropic key"),
        ("sk-proj-" + noise(90), "OpenAI key"),
        ("hf_" + noise(34, string.ascii_letters), "Hugging Face token"),
        ("SG." + noise(22) + "." + noise(43), "SendGrid key"),
        ("AccountKey=" + noise(86) + "==", "Azure storage key"),
        ("AGE-SECRET-KEY-1" + noise(58, string.ascii_uppercase), "age key"),
    ],
)
def test_token_formats_are_detected(text: str, sort: str) -> None:
    for around in (text, f"token = '{text}'\n", f"\0\xff {text} \n"):
        assert sorts_in(around.encode("latin-1")) == {sort}
    assert secret_in_value("SETTING", text) == sort
    assert sort in secrets_in_text(f"RUN echo {text}")


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "AKIA" + "I44QH8DHBEXAMPLE",
        "AKIA" + "X" * 16,
        "xAKIA" + noise(16, "ABCDEFGH234567"),
        "AKIA" + noise(40, string.ascii_uppercase),
        "ghp_" + "x" * 36,
        "ghp_" + "1234567890" * 3 + "abcdef",
        "ghp_short",
        "-----BEGIN PRIV" + "ATE KEY-----",
        "-----BEGIN PRIV" + "ATE KEY-----\n...\n-----END PRIV" + "ATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + noise(64),
        "-----BEGIN CERTIFICATE-----\n" + noise(64),
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
        "K1SZFPTOtr/KBHBeksoGMGw==",
        "npm_config_cache npm_package_json npm_lifecycle_event_and_something_long",
        "hf_transfer hf_hub_download",
    ],
)
def test_placeholders_and_names_are_not_secrets(text: str) -> None:
    assert sorts_in(text.encode()) == set()


@pytest.mark.parametrize(
    ("path", "text", "sort"),
    [
        ("/root/.netrc", "machine x login me password s3cr3tw0rd", "password"),
        ("/root/.pypirc", "[pypi]\nusername = __token__\npassword = s3cr3tw0rd", "password"),
        (
            "/root/.docker/config.json",
            '{"auths": {"r": {"auth": "bWU6czNjcjN0"}}}',
            "registry credentials",
        ),
        ("/root/.npmrc", "//r/:_authToken=s3cr3tw0rd", "npm credentials"),
        ("/root/.git-credentials", "https://me:s3cr3tw0rd@host", "Git credentials"),
        ("/etc/pip.conf", "index-url = https://me:s3cr3tw0rd@host/simple", "credentials in a URL"),
        ("/root/.aws/credentials", "aws_secret_access_key = " + "aB3/" * 10, "AWS secret key"),
        ("/root/.kube/config", "users:\n- user:\n    token: s3cr3tw0rd", "cluster credentials"),
        ("/root/.pgpass", "host:5432:db:me:s3cr3tw0rd", "password"),
        ("/app/.env", "DEBUG=1\nDB_PASSWORD=s3cr3tw0rd\n", "password or token"),
        ("/app/examples/.env", "POSTGRES_PASSWORD=postgres", "sample password or token"),
        ("/app/docs/a/.env", "PASSWORD='Admin'", "sample password or token"),
        ("/app/docs/a/.env", "API_TOKEN=s3cr3tw0rd", "password or token"),
        ("/app/.env", "POSTGRES_PASSWORD=postgres", "password or token"),
        ("/app/.env.production", "export API_TOKEN='s3cr3tw0rd'", "password or token"),
    ],
)
def test_files_for_credentials_are_searched(path: str, text: str, sort: str) -> None:
    assert is_telling(path)
    assert sorts_in_named(path, text.encode()) == {sort}
    assert sorts_in_named(path, b"\xff\0 = no secret") == set()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/root/.netrc", "machine x login me password $PASSWORD"),
        ("/root/.npmrc", "//r/:_authToken=${NPM_TOKEN}"),
        ("/etc/pip.conf", "index-url = https://user:password@host/simple"),
        ("/root/.docker/config.json", '{"auths": {"r": {}}, "credsStore": "pass"}'),
        ("/app/.env", "DB_PASSWORD=\nAPI_TOKEN=changeme\n# SECRET=hunter22"),
    ],
)
def test_files_for_credentials_may_have_none(path: str, text: str) -> None:
    assert sorts_in_named(path, text.encode()) == set()


@pytest.mark.parametrize(
    "path", ["/app/.env.example", "/app/.env.sample", "/app/env", "/app/.environment", "/netrc"]
)
def test_other_file_names_are_not_for_credentials(path: str) -> None:
    assert not is_telling(path)


@pytest.mark.parametrize(
    ("line", "sort"),
    [
        ("DB_PASSWORD=hunter22", "password or token"),
        ("API_TOKEN=8f1c22ab", "password or token"),
        ("AWS_SECRET_ACCESS_KEY=" + "aB3/" * 10, "password or token"),
        ("DATABASE_URL=postgres://me:hunter22@db/x", "credentials in a URL"),
        ("URL=postgres://postgres:postgres@localhost:5432/x", "sample credentials in a URL"),
        ("URL=amqp://rabbitmq:rabbitmq@broker//", "sample credentials in a URL"),
        ("URL=postgres://app:app@127.0.0.1/x", "sample credentials in a URL"),
        ("URL=redis://:redis@cache.local", "sample credentials in a URL"),
        ("URL=postgres://app:s3cr3tw0rd@localhost/x", "credentials in a URL"),
        ("URL=postgres://postgres:postgres@db.acme.com/x", "credentials in a URL"),
        ("URL=postgres://a:postgres@localhost,postgres://a:hunter22@db", "credentials in a URL"),
        ("GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305", ""),
        ("PYTHON_SHA256=" + "ab12" * 16, ""),
        ("PATH=/usr/local/bin:/usr/bin", ""),
        ("DB_PASSWORD=", ""),
        ("DB_PASSWORD=changeme", ""),
        ("DB_PASSWORD_FILE=/run/secrets/db", ""),
        ("DB_PASSWORD=/run/secrets/db", ""),
        ("API_TOKEN=${TOKEN}", ""),
        ("API_TOKEN=<your token>", ""),
        ("MAX_TOKENS=512", ""),
        ("USE_TOKEN=true", ""),
        ("DATABASE_URL=postgres://user:password@db/x", ""),
        ("NO_EQUALS", ""),
        ("com.example.api-token=8f1c22ab", "password or token"),
        ("org.opencontainers.image.source=https://me:hunter22@host/x", "credentials in a URL"),
        ("org.opencontainers.image.source=https://host/x", ""),
    ],
)
def test_values_are_judged_by_their_name_and_format(line: str, sort: str) -> None:
    name, _, value = line.partition("=")
    assert secret_in_value(name, value) == sort


@pytest.mark.parametrize(
    ("line", "sorts"),
    [
        ("RUN |1 NPM_TOKEN=8f1c22ab /bin/sh -c npm ci", {"password or token"}),
        ("ENV DB_PASSWORD=hunter22", {"password or token"}),
        ("ARG API_KEY='8f1c 22ab'", {"password or token"}),
        ("RUN curl --password=hunter22 x", {"password or token"}),
        ("RUN mysql --password hunter22 x", {"password or token"}),
        ("RUN mysql --password prompt x", set()),
        ("RUN docker login --password-stdin registry2.example.com", set()),
        ("RUN npm --auth-type legacy2 ci", set()),
        ("RUN x --token $TOKEN2 --token-file token2", set()),
        ("RUN pip install --index-url https://me:hunter22@host/simple x", {"credentials in a URL"}),
        ("RUN --mount=type=secret,id=token cat /run/secrets/token", set()),
        ("RUN TOKEN=$(cat /run/secrets/token) npm ci", set()),
        ("ARG NPM_TOKEN", set()),
        ("ARG NPM_TOKEN=", set()),
        ('CMD ["python" "-m" "openhqm.api.listener"]', set()),
        ("COPY --link --from=user /layer/ / # buildkit", set()),
        ("RUN git clone https://github.com/x/y", set()),
        ("RUN git clone ssh://git@github.com/x/y", set()),
    ],
)
def test_secrets_in_instructions_are_detected(line: str, sorts: set[str]) -> None:
    assert secrets_in_text(line) == sorts


@pytest.mark.parametrize(
    ("command", "sorts"),
    [
        (("serve", "--password", "hunter"), {"password or token"}),
        (("serve", "--password=hunter"), {"password or token"}),
        (("env", "API_TOKEN=8f1c22ab", "serve"), {"password or token"}),
        (("sh", "-c", "serve --api-key 8f1c22ab"), {"password or token"}),
        (("serve", "redis://me:hunter22@db"), {"credentials in a URL"}),
        (("CMD-SHELL", "curl -u 'x' http://me:hunter22@127.0.0.1/"), {"credentials in a URL"}),
        (("serve", "--password", "$PASSWORD"), set()),
        (("serve", "--password-file", "/run/secrets/db"), set()),
        (("serve", "--password", "--port", "80"), set()),
        (("serve", "--port", "8080"), set()),
        ((), set()),
    ],
)
def test_secrets_in_commands_are_detected(command: tuple[str, ...], sorts: set[str]) -> None:
    assert secrets_in_command(command) == sorts


@given(st.text(max_size=300), st.binary(max_size=300))
@settings(deadline=None, max_examples=100)
def test_any_input_is_searched_without_an_error(text: str, data: bytes) -> None:
    sorts_in(data)
    secret_in_value(text, text)
    for path in ("/.env", "/.netrc", "/.pypirc"):
        sorts_in_named(path, data)
    secrets_in_command([text, text])


@pytest.mark.parametrize(
    "filling",
    [b"A: " * 500, b"A: b\n" * 500, b"A: " * 60 + b"\n" * 60, b"A" * 5000 + b" ", b"\\n" * 500],
)
def test_a_header_without_a_key_is_searched_in_linear_time(filling: bytes) -> None:
    # Exponential backtracking over the headers would never finish.
    assert sorts_in(b"-----BEGIN PRIVATE KEY-----\n" + filling + b"!") == set()


def test_a_key_after_headers_is_detected() -> None:
    headers = b"Proc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,0A\r\n\r\n"
    for head in (headers, headers.replace(b"\r\n", b"\\n"), b"Version: GnuPG v2\n\n"):
        key = b"-----BEGIN RSA PRIVATE KEY-----\n" + head + noise(64).encode()
        assert sorts_in(key) == {"private key"}, head
