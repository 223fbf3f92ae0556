"""Why a registry did not take an image: real messages of engines and registries."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.push_failures import push_failure

HEAD = "The push refers to repository [docker.io/acme/openhqm]\n4013ebb1b519: Waiting\n"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("denied: requested access to the resource is denied", "docker login"),
        (
            "push access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed",
            "may push there",
        ),
        ("no basic auth credentials", "not logged in"),
        ("unauthorized: authentication required", "not logged in"),
        (
            "failed to authorize: failed to fetch oauth token: unexpected status from GET request "
            "to https://auth.docker.io/token: 401 Unauthorized: incorrect username or password",
            "not logged in",
        ),
        (
            "denied: permission_denied: The token provided does not match expected scopes.",
            "registry denies it",
        ),
        ("unexpected status from HEAD request to https://r.example/v2/: 403 Forbidden", "denies"),
        (
            'failed to do request: Head "https://localhost:5999/v2/x/y/blobs/sha256:4013": '
            "dial tcp 127.0.0.1:5999: connect: connection refused",
            "can't be reached",
        ),
        (
            'failed to do request: Head "https://nosuch.invalid/v2/x/blobs/sha256:4013": dial '
            "tcp: lookup nosuch.invalid on 10.255.255.53:53: no such host",
            "no registry of that name",
        ),
        ('Get "https://r.example/v2/": net/http: TLS handshake timeout', "can't be reached"),
        ('Get "https://r.example/v2/": context deadline exceeded', "can't be reached"),
        (
            'Get "https://r.example:5000/v2/": http: server gave HTTP response to HTTPS client',
            "plain HTTP",
        ),
        (
            'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate '
            "signed by unknown authority",
            "certificate isn't trusted",
        ),
        (
            "toomanyrequests: You have reached your unauthenticated pull rate limit",
            "limits how often",
        ),
        (
            "tag invalid: The image tag '1.0' already exists in the 'openhqm' repository and "
            "cannot be overwritten because the repository is immutable.",
            "choose another tag",
        ),
        (
            "name unknown: The repository with name 'openhqm' does not exist in the registry "
            "with id '123456789012'",
            "no such repository",
        ),
        ("unexpected status: 413 Request Entity Too Large", "layer of that size"),
        ("received unexpected HTTP status: 503 Service Unavailable", "failed: try again later"),
        ("tag does not exist: localhost:5000/nonexist:1", "build it again"),
    ],
)
def test_what_is_said_of_a_message(message: str, says: str) -> None:
    said = push_failure(f"{HEAD}{message}\n")
    assert says in said
    assert said.endswith(")"), "Docker's own words stand there too"
    assert message[:60] in said


@pytest.mark.parametrize(
    "tag",
    [
        "localhost:5000/denied/immutable:1.0",
        "localhost:5000/unauthorized:1.0",
        "acme/no-such-host/503 service:x509",
        "immutable:1.0",
        "denied:latest",
    ],
)
def test_an_images_name_is_no_reason(tag: str) -> None:
    repository = tag.rpartition(":")[0]
    head = f"The push refers to repository [docker.io/library/{repository}]\n4013ebb1b519: Pushed\n"
    path = repository.removeprefix("localhost:5000/")
    message = f'failed to do request: Head "https://localhost:5000/v2/{path}/blobs/sha256:40": dial'
    refused = f"{head}{tag}: {message} tcp 127.0.0.1:5000: connect: connection refused\n"
    assert "can't be reached" in push_failure(refused, tag)
    assert push_failure(f"{head}push of {tag} met the moon\n", tag) == f"push of {tag} met the moon"


def test_a_name_that_is_a_word_of_the_error_doesnt_hide_it() -> None:
    said = push_failure("denied: requested access to the resource is denied", "denied:latest")
    assert "may push there" in said


def test_of_an_unknown_message_its_own_words_are_said() -> None:
    assert push_failure(f"{HEAD}the moon is in the way\n") == "the moon is in the way"
    assert push_failure("") == "docker push said nothing"


def test_hostile_words_are_made_safe() -> None:
    said = push_failure("\x1b[2Jdenied: [bold]x[/]\x07\n")
    assert "\x1b" not in said
    assert "\x07" not in said
