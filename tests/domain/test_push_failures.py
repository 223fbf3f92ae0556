"""Why a push failed, from real messages of engines and registries."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.failures.failure import push_failure

HEAD = "The push refers to repository [docker.io/acme/openhqm]\n4013ebb1b519: Waiting\n"


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("denied: requested access to the resource is denied", "docker login"),
        (
            "push access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed",
            "push access",
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
            "registry denies access",
        ),
        ("unexpected status from HEAD request to https://r.example/v2/: 403 Forbidden", "denies"),
        (
            'failed to do request: Head "https://localhost:5999/v2/x/y/blobs/sha256:4013": '
            "dial tcp 127.0.0.1:5999: connect: connection refused",
            "can't be reached",
        ),
        (
            'failed to do request: Head "https://nosuch.invalid/v2/x/blobs/sha256:4013": dial '
            "tcp: lookup nosuch.invalid on 192.0.2.53:53: no such host",
            "host name can't be resolved",
        ),
        ('Get "https://r.example/v2/": net/http: TLS handshake timeout', "can't be reached"),
        (
            "failed to authorize: failed to fetch anonymous token: dial tcp 192.0.2.1:443: "
            "i/o timeout",
            "can't be reached",
        ),
        ('Get "https://r.example/v2/": context deadline exceeded', "can't be reached"),
        (
            'Get "https://r.example:5000/v2/": http: server gave HTTP response to HTTPS client',
            "plain HTTP",
        ),
        (
            'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate '
            "signed by unknown authority",
            "doesn't trust the registry's certificate",
        ),
        (
            "toomanyrequests: You have reached your unauthenticated pull rate limit",
            "limits requests",
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
        ("unexpected status: 413 Request Entity Too Large", "layers that large"),
        (
            "received unexpected HTTP status: 503 Service Unavailable",
            "reported an error: try again later",
        ),
        ("tag does not exist: localhost:5000/nonexist:1", "build it again"),
        (
            "denied: adding 29.0 MiB of storage resource, which when updated to current usage of "
            "152.4 MiB will exceed the configured upper limit of 10.0 MiB.",
            "quota is exhausted",
        ),
        (
            "storage: service returned error: StatusCode=403, ErrorCode=AccountSizeOverQuota, "
            "ErrorMessage=The account permission has been restricted as account storage usage is "
            "over quota.",
            "quota is exhausted",
        ),
        (
            "ERROR: failed to solve: failed to push ghcr.io/acme/debian:1: unexpected status from "
            "POST request to https://ghcr.io/v2/acme/debian/blobs/uploads/: 403 Forbidden",
            "registry denies access",
        ),
        (
            "ERROR: failed to solve: failed to push ghcr.io/acme/kali:latest: failed to copy: io: "
            "read/write on closed pipe",
            "can't be reached",
        ),
        (
            'error: failed to solve: failed to copy: failed to do request: Put "https://cr.example'
            '/v2/blobhere": write tcp 172.17.0.2:48736->192.0.2.1:443: write: connection reset by '
            "peer",
            "can't be reached",
        ),
        (
            "failed to copy: failed to do request: Put https://registry.example/v2/x: write tcp "
            "172.17.0.3:41240->192.0.2.1:443: use of closed network connection",
            "can't be reached",
        ),
        (
            "ERROR: failed to solve: failed to push acme/x:latest: failed to do request: Post "
            '"https://registry.example/v2/acme/x/blobs/uploads/": EOF',
            "can't be reached",
        ),
        ("failed to copy: cannot reuse body, request must be retried", "can't be reached"),
        ("ERROR: failed to copy after 5 retries", "can't be reached"),
        ("failed to solve: unexpected status: 401 Unauthorized", "not logged in"),
        ("server message: insufficient_scope: authorization failed", "push access"),
        ("push: unauthorized to access repository: library/x, action: push", "not logged in"),
        ("received unexpected HTTP status: 507 Insufficient Storage", "disk is full"),
        (
            "unknown: filesystem: write /srv/registry/docker: no space left on device",
            "disk is full",
        ),
    ],
)
def test_a_known_message_is_explained_and_quoted(message: str, cause: str) -> None:
    reason = push_failure(f"{HEAD}{message}\n")
    assert cause in reason
    assert reason.endswith(")"), "the output of Docker is appended"
    assert message[:60] in reason


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
def test_the_name_of_the_image_is_never_the_reason(tag: str) -> None:
    repository = tag.rpartition(":")[0]
    head = f"The push refers to repository [docker.io/library/{repository}]\n4013ebb1b519: Pushed\n"
    path = repository.removeprefix("localhost:5000/")
    message = f'failed to do request: Head "https://localhost:5000/v2/{path}/blobs/sha256:40": dial'
    refused = f"{head}{tag}: {message} tcp 127.0.0.1:5000: connect: connection refused\n"
    assert "can't be reached" in push_failure(refused, tag)
    assert push_failure(f"{head}push of {tag} met the moon\n", tag) == f"push of {tag} met the moon"


def test_a_name_equal_to_an_error_word_does_not_hide_the_error() -> None:
    reason = push_failure("denied: requested access to the resource is denied", "denied:latest")
    assert "push access" in reason


def test_an_unknown_message_is_shown_as_it_is() -> None:
    assert push_failure(f"{HEAD}the moon is in the way\n") == "the moon is in the way"
    assert push_failure("") == "the push printed nothing"


def test_hostile_messages_are_sanitized() -> None:
    reason = push_failure("\x1b[2Jdenied: [bold]x[/]\x07\n")
    assert "\x1b" not in reason
    assert "\x07" not in reason


# -- output of `buildx imagetools`, from this project's registry and an issue -------------------

_COPYING = (
    "#1 [internal] pushing {tag}\n"
    "#1 0.000 copying sha256:{digest} from localhost:5701/denied/z:1 to {tag}\n"
    "{error}------\n > [internal] pushing {tag}:\n"
    "0.000 copying sha256:{digest} from localhost:5701/denied/z:1 to {tag}\n------\n"
)


@pytest.mark.parametrize(
    ("tag", "message", "cause"),
    [
        (
            "localhost:9/quota/zz:1",
            'failed to do request: Head "http://localhost:9/v2/quota/zz/blobs/sha256:ed76": dial '
            "tcp 127.0.0.1:9: connect: connection refused",
            "the registry can't be reached",
        ),
        (
            "foo.example/user/repo:v1.0",
            "failed to copy after 5 retries",
            "the registry can't be reached",
        ),
        (
            "b.example/immutable/y:1.0",
            f"localhost:5701/denied/z@sha256:{'a' * 64}: not found",
            "the registry no longer has the image",
        ),
        ("b.example/denied/y:1.0", "b.example/denied/y:1.0: the moon is in the way", ""),
    ],
)
def test_progress_of_buildx_is_not_part_of_the_reason(tag: str, message: str, cause: str) -> None:
    progress = _COPYING.format(tag=tag, digest="b" * 64, error=f"#1 ERROR: {message}\n")
    reason = push_failure(f"{progress}ERROR: {message}\n", tag)
    assert reason.startswith(cause) if cause else reason == f"ERROR: {message}"
