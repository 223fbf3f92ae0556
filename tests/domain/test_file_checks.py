"""Verdicts on the files in layers: correct, wrong, and unreadable ones."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import CHECKS as ALL_CHECKS
from openhqm_tui.domain.checks.evidence import Contents, SeenConfig, SeenImage
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt
from openhqm_tui.domain.checks.layers import FileKind, Found, Placed
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect, static_verdicts

ARM = parse_platform("arm64")
WANTED = expect(ARM)
STRICT = expect(ARM, strict=True)
CONFIG = SeenConfig(env=("PATH=/bin",), history=("CMD x", "RUN y"))
CHECKS = ["binaries", "setuid", "compilers", "caches"]
P, F, W, U = Answer.PASS, Answer.FAIL, Answer.WARN, Answer.UNKNOWN


def binary(path: str, machine: str = "aarch64") -> Found:
    return Found(FileKind.BINARY, path, machine)


def packed(path: str, inside: str, machine: str = "aarch64") -> Found:
    return Found(FileKind.BINARY, path, machine, inside=inside)


def contents(*found: Found, deleted: bool = False) -> Contents:
    return Contents(tuple(Placed(one, 2, deleted) for one in found), 3)


def allowing(**allow: tuple[str, ...]) -> Expectation:
    return expect(ARM, allow=allow)


def judged(expected: Expectation, *found: Found, deleted: bool = False) -> dict[str, Verdict]:
    verdicts = static_verdicts(expected, *CHECKS, contents=contents(*found, deleted=deleted))
    assert [verdict.check for verdict in verdicts] == CHECKS
    return {verdict.check: verdict for verdict in verdicts}


SU = Found(FileKind.SETUID, "/usr/bin/su", "4755")
BACKDOOR = Found(FileKind.SETUID, "/app/backdoor", "4755")
PING = Found(FileKind.SETUID, "/usr/bin/ping", "capabilities")
PASSWD = Found(FileKind.WRITABLE, "/etc/passwd", "666")
GCC = Found(FileKind.COMPILER, "/usr/bin/gcc", "gcc", 5)
PIP = Found(FileKind.CACHE, "/root/.cache/pip/http/a", "pip", 1_500_000)
PREBUILDS = "/app/node_modules/x/prebuilds"
FOREIGN_PREBUILDS = (
    binary(f"{PREBUILDS}/linux-x64/x.node", "x86_64"),
    binary(f"{PREBUILDS}/linux-ia32/x.node", "i386"),
)
APT = Found(FileKind.CACHE, "/var/lib/apt/lists/deb", "apt lists", 500_000)


@pytest.mark.parametrize(
    ("expected", "found", "check", "answer", "evidence"),
    [
        (WANTED, (), "binaries", P, "no ELF files"),
        (WANTED, (binary("/a"), binary("/b")), "binaries", P, "2 ELF files, all aarch64"),
        (
            *(WANTED, (binary("/a"), binary("/b.so", "x86_64")), "binaries", F),
            "1 of 2 is x86_64: /b.so",
        ),
        (
            WANTED,
            (binary("/a", "x86_64"), binary("/b", "i386"), binary("/c", "x86_64"), binary("/d")),
            *("binaries", F, "3 of 4 are not aarch64 (2 x86_64, 1 i386): /a, /b, /c"),
        ),
        (
            WANTED,
            tuple(binary(f"/{n}", "x86_64") for n in range(9)),
            *("binaries", F, "9 of 9 are x86_64: /0, /1, /2, /3, /4 and 4 more"),
        ),
        (
            allowing(binaries=("/opt/*.so",)),
            (binary("/opt/x/b.so", "x86_64"), binary("/a")),
            *("binaries", P, "2 ELF files, aarch64 except 1 x86_64 (allowed)"),
        ),
        (
            allowing(binaries=("/opt/*.so",)),
            (binary("/usr/b.so", "x86_64"),),
            *("binaries", F, "1 of 1 is x86_64: /usr/b.so"),
        ),
        (
            WANTED,
            (packed("/w.whl", "x.so", "x86_64"), binary("/a")),
            *("binaries", F, "1 of 2 is x86_64: /w.whl!/x.so"),
        ),
        (
            allowing(binaries=("/w.whl",)),
            (packed("/w.whl", "x.so", "x86_64"),),
            *("binaries", P, "1 ELF file, aarch64 except 1 x86_64 (allowed)"),
        ),
        (
            allowing(binaries=("/w.whl!/x.so",)),
            (packed("/w.whl", "x.so", "x86_64"),),
            *("binaries", P, "1 ELF file, aarch64 except 1 x86_64 (allowed)"),
        ),
        # Java libraries contain their native parts for every machine.
        (
            WANTED,
            (packed("/a.jar", "b.jar!/x.so"), packed("/a.jar", "b.jar!/y.so", "x86_64")),
            *("binaries", P, "2 ELF files, aarch64; jars also contain other architectures"),
        ),
        (
            WANTED,
            (packed("/a.jar", "b.jar!/x.so"), packed("/a.jar", "c.jar!/y.so", "x86_64")),
            *("binaries", F, "1 of 2 is x86_64: /a.jar!/c.jar!/y.so"),
        ),
        (
            WANTED,
            (Found(FileKind.UNREAD, "/a.zip", "larger than 128 MB"),),
            *("binaries", P, "no ELF files; archives not read: /a.zip (larger than 128 MB)"),
        ),
        # Prebuilt for several platforms, with or without the image's own.
        (
            WANTED,
            (binary(f"{PREBUILDS}/linux-arm64/x.node"), *FOREIGN_PREBUILDS),
            *("binaries", W, f"2 of 3 are not aarch64 (1 x86_64, 1 i386): {PREBUILDS}"),
        ),
        (
            STRICT,
            (binary(f"{PREBUILDS}/linux-arm64/x.node"), *FOREIGN_PREBUILDS),
            *("binaries", F, "2 of 3 are not aarch64"),
        ),
        (
            WANTED,
            (binary("/usr/bin/node"), *FOREIGN_PREBUILDS),
            *("binaries", F, "2 of 3 are not aarch64"),
        ),
        (
            WANTED,
            (binary("/opt/firmware/radio.elf", "arm"),),
            "binaries",
            F,
            "1 of 1 is arm: /opt/firmware/radio.elf; if intended: "
            'allow = { binaries = ["/opt/firmware/*"] }',
        ),
        (WANTED, (), "setuid", P, "none"),
        (WANTED, (SU,), "setuid", P, "1 usual file: su"),
        (WANTED, (SU, BACKDOOR), "setuid", F, "/app/backdoor (4755)"),
        (WANTED, (PING,), "setuid", F, "/usr/bin/ping (capabilities)"),
        (allowing(setuid=("/usr/bin/ping",)), (PING,), "setuid", P, "1 usual file: ping"),
        (WANTED, (PASSWD,), "setuid", F, "/etc/passwd (666, world-writable)"),
        (allowing(setuid=("/etc/passwd",)), (PASSWD,), "setuid", P, "none"),
        (WANTED, (), "compilers", P, "none"),
        (WANTED, (GCC,), "compilers", W, "gcc: /usr/bin/gcc"),
        (STRICT, (GCC,), "compilers", F, "gcc: /usr/bin/gcc"),
        (allowing(compilers=("/usr/bin/gcc",)), (GCC,), "compilers", P, "none"),
        (WANTED, (), "caches", P, "none"),
        (WANTED, (PIP,), "caches", W, "pip: 1 file, 1.50 MB, such as /root/.cache/pip/http/a"),
        (
            STRICT,
            (PIP, APT, PIP),
            *("caches", F),
            "pip: 2 files, 3.00 MB, such as /root/.cache/pip/http/a; "
            "apt lists: 1 file, 500 kB, such as /var/lib/apt/lists/deb",
        ),
        (allowing(caches=("/root/*",)), (PIP,), "caches", P, "none"),
    ],
)
def test_findings_decide_the_verdict_and_its_evidence(
    expected: Expectation, found: tuple[Found, ...], check: str, answer: Answer, evidence: str
) -> None:
    verdicts = judged(expected, *found)
    assert verdicts[check].answer is answer
    assert verdicts[check].evidence.startswith(evidence)
    wrong = [name for name, verdict in verdicts.items() if verdict.answer is not P]
    assert wrong == ([check] if answer is not P else [])


@pytest.mark.parametrize(
    ("paths", "entries"),
    [
        (("/m/prebuilds/linux-x64/a.node",), ["/m/prebuilds/linux-x64/*"]),
        (("/m/prebuilds/android-arm/a.node",), ["/m/prebuilds/android-arm/*"]),
        (
            tuple(f"/m/prebuilds/{name}/a.node" for name in ("linux-x64", "linux-ia32", "a", "b")),
            ["/m/prebuilds/*"],
        ),
        (("/m/@img/sharp-linux-x64/lib/a.node",), ["/m/@img/sharp-linux-x64/*"]),
        (("/m/bin/napi-v3/linux/x64/a.node",), ["/m/bin/napi-v3/linux/x64/*"]),
        (("/a/jni/x86_64/lib.so", "/a/jni/x86_64/b.so"), ["/a/jni/x86_64/*"]),
        (("/lib/firmware/a.elf",), ["/lib/firmware/*"]),
        (("/go/src/debug/elf/testdata/a",), ["/go/src/debug/elf/testdata/*"]),
        (("/x/tests/a", "/y/fixtures/b"), ["/x/tests/*", "/y/fixtures/*"]),
        (("/usr/lib/x86_64-linux-gnu/libz.so",), []),
        (("/usr/lib/python3/site-packages/x.cpython-313-x86_64-linux-gnu.so",), []),
        (("/usr/bin/linux-x64",), []),
        (("/a'\"]/prebuilds/linux-x64/a",), []),
        (("/" + "long/" * 60 + "prebuilds/linux-x64/a",), []),
    ],
)
def test_an_intended_foreign_binary_names_the_entry_that_allows_it(
    paths: tuple[str, ...], entries: list[str]
) -> None:
    found = [binary(path, "x86_64") for path in paths]
    evidence = judged(WANTED, *found)["binaries"].evidence
    listed = ", ".join(f'"{entry}"' for entry in entries)
    assert evidence.endswith(f"allow = {{ binaries = [{listed}] }}") is bool(entries)
    allowed = judged(allowing(binaries=tuple(entries)), *found)["binaries"]
    assert (allowed.answer is P) is bool(entries)


@pytest.mark.parametrize("found", [binary("/a", "x86_64"), BACKDOOR, GCC, PIP])
def test_files_deleted_by_a_later_layer_dont_count(found: Found) -> None:
    assert {v.answer for v in judged(STRICT, found, deleted=True).values()} == {P}
    assert F in {v.answer for v in judged(STRICT, found).values()}


def test_layers_that_cant_be_read_are_unknown() -> None:
    verdicts = static_verdicts(WANTED, *CHECKS, why="its tar archive is damaged")
    assert [(v.check, v.answer, v.evidence) for v in verdicts] == [
        (check, U, "its tar archive is damaged") for check in CHECKS
    ]


# -- secrets ------------------------------------------------------------------------------------

KEY = Found(FileKind.SECRET, "/app/id", "private key")
SNAKEOIL = Found(FileKind.SECRET, "/etc/ssl/private/ssl-cert-snakeoil.key", "private key")
TEST_KEY = Found(FileKind.SECRET, "/usr/lib/python3/dist-packages/x/tests/key.pem", "private key")


def secrets(expected: Expectation = WANTED, config: Any = CONFIG, **more: Any) -> tuple[Any, str]:
    seen = {"config": config, "contents": more.get("seen", contents()), "why": more.get("why", "")}
    (verdict,) = static_verdicts(expected, "secrets", **seen)
    assert verdict.check == "secrets"
    return verdict.answer, verdict.evidence


def config(*env: str, history: tuple[str, ...] | None = ()) -> SeenConfig:
    return SeenConfig(env=env, history=history)


@pytest.mark.parametrize(
    ("seen", "seen_config", "answer", "evidence"),
    [
        (contents(), CONFIG, P, "none in 3 layers, 2 instructions"),
        (contents(KEY), CONFIG, F, "private key in /app/id (layer 2)"),
        (contents(KEY, deleted=True), CONFIG, F, "private key in /app/id (layer 2, deleted later)"),
        (contents(TEST_KEY), CONFIG, P, "none in 3 layers, 2 instructions"),
        (
            *(contents(), config("API_TOKEN=8f1c22ab"), F),
            "password or token in variable API_TOKEN",
        ),
        (
            *(contents(), config(history=("CMD x", "RUN TOKEN=8f1c22ab x", "ADD a /")), F),
            "password or token in instruction 2",
        ),
        (
            *(contents(), SeenConfig(labels={"api.token": "8f1c22ab"}, history=()), F),
            "password or token in label api.token",
        ),
        (
            *(contents(), SeenConfig(author="me, TOKEN=8f1c22ab", history=()), F),
            "password or token in the author",
        ),
        (
            *(contents(), SeenConfig(cmd=("x", "--token", "8f1c22ab"), history=()), F),
            "password or token in the command",
        ),
        (
            *(contents(), SeenConfig(entrypoint=("x", "--token=8f1c22ab"), history=()), F),
            "password or token in the entrypoint",
        ),
        (
            contents(),
            SeenConfig(health_check=("CMD-SHELL", "x http://me:8f1c22ab@db"), history=()),
            *(F, "credentials in a URL in the health check"),
        ),
        (
            *(contents(), SeenConfig(history=("x",), comments=("", "TOKEN=8f1c22ab")), F),
            "password or token in the comment on instruction 1",
        ),
        # Publicly known samples.
        (contents(SNAKEOIL), CONFIG, W, f"sample private key in {SNAKEOIL.path} (layer 2)"),
        (contents(SNAKEOIL, KEY), CONFIG, F, "private key in /app/id (layer 2)"),
        (
            *(contents(), config("URL=postgres://postgres:postgres@localhost/x"), W),
            "sample credentials in a URL in variable URL",
        ),
        (None, config("URL=postgres://postgres:postgres@localhost/x"), U, "why"),
        (None, CONFIG, U, "why"),
        (contents(), None, U, "why"),
        (contents(), config(history=None), U, "why"),
        (None, config("API_TOKEN=8f1c22ab"), F, "password or token in variable API_TOKEN"),
        (contents(KEY), None, F, "private key in /app/id (layer 2)"),
    ],
)
def test_each_place_of_a_secret_is_found(
    seen: Any, seen_config: Any, answer: Answer, evidence: str
) -> None:
    assert secrets(config=seen_config, seen=seen, why="why") == (answer, evidence)


@pytest.mark.parametrize(
    ("glob", "found", "seen_config"),
    [
        ("/app/*", contents(KEY), CONFIG),
        ("env:API_*", contents(), config("API_TOKEN=8f1c22ab")),
        ("label:api.*", contents(), SeenConfig(labels={"api.token": "8f1c22ab"}, history=())),
        ("author", contents(), SeenConfig(author="TOKEN=8f1c22ab", history=())),
        ("command", contents(), SeenConfig(cmd=("TOKEN=8f1c22ab",), history=())),
        ("entrypoint", contents(), SeenConfig(entrypoint=("TOKEN=8f1c22ab",), history=())),
        ("health-check", contents(), SeenConfig(health_check=("TOKEN=8f1c22ab",), history=())),
        ("history:1", contents(), config(history=("CMD x", "RUN TOKEN=8f1c22ab x"))),
    ],
)
def test_an_allow_entry_accepts_a_secret(
    glob: str, found: Contents, seen_config: SeenConfig
) -> None:
    assert secrets(config=seen_config, seen=found)[0] is F
    assert secrets(allowing(secrets=(glob,)), seen_config, seen=found)[0] is P


@pytest.mark.parametrize(
    ("annotations", "globs", "answer", "evidence"),
    [
        ({"api.token": "8f1c22ab"}, (), F, "password or token in annotation api.token"),
        ({"api.token": "8f1c22ab"}, ("annotation:api.*",), P, "none in 3 layers, 2 instructions"),
        ({"org.opencontainers.image.source": "https://host/x"}, (), P, "none in 3 layers"),
        (None, (), U, "part of the image could not be read"),
    ],
)
def test_secrets_in_annotations_are_found(
    annotations: dict[str, str] | None, globs: tuple[str, ...], answer: Answer, evidence: str
) -> None:
    seen = {"config": CONFIG, "contents": contents(), "annotations": annotations}
    (verdict,) = static_verdicts(allowing(secrets=globs), "secrets", **seen)
    assert verdict.answer is answer
    assert verdict.evidence.startswith(evidence)


def test_evidence_never_contains_the_secret() -> None:
    seen = config("API_TOKEN=8f1c22ab", history=("RUN curl --password=8f1c22ab x",))
    answer, evidence = secrets(config=seen)
    assert answer is F
    assert "8f1c22ab" not in evidence


def test_hostile_text_in_evidence_is_sanitized_and_cut() -> None:
    hostile = "/\x1b]52;c;x\x07\n\u202e" + "x" * 10_000
    found = [msgspec.structs.replace(one, path=hostile) for one in (BACKDOOR, GCC, PIP, KEY)]
    seen = contents(*found, Found(FileKind.BINARY, hostile, hostile))
    verdicts = static_verdicts(STRICT, *CHECKS, "secrets", config=CONFIG, contents=seen)
    assert {verdict.answer for verdict in verdicts} == {F}
    for verdict in verdicts:
        assert len(verdict.evidence) <= 300
        assert not set("\x1b\x07\n\u202e") & set(verdict.evidence)


# -- size ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "strict", "size", "verdict"),
    [
        (None, True, 99, None),
        (80, True, 79_900_000, (P, "79.9 MB compressed")),
        (80, True, 80_000_000, (P, "80.0 MB compressed")),
        (80, True, 81_000_000, (F, "81.0 MB compressed")),
        (80, False, 81_000_000, (W, "81.0 MB compressed")),
        (80, True, 0, (U, "the engine didn't report the compressed size")),
    ],
)
def test_the_packed_size_is_compared_with_the_limit(
    most: float | None, strict: bool, size: int, verdict: tuple[Answer, str] | None
) -> None:
    expected = expect(ARM, max_mb=most, strict=strict)
    index = [
        SeenImage(platform="linux/amd64", content_size=1),
        SeenImage(platform="linux/arm64", content_size=size),
    ]
    verdicts = static_verdicts(expected, "size", index=index)
    assert [(v.answer, v.evidence) for v in verdicts] == [verdict] * bool(verdict)


def test_a_size_that_cant_be_read_is_unknown() -> None:
    expected = expect(ARM, max_mb=0.01)
    (verdict,) = static_verdicts(expected, "size", why_index="no such image")
    assert (verdict.answer, verdict.evidence) == (U, "no such image")
    assert verdict.expected == "at most 10.0 kB"


@pytest.mark.parametrize(
    ("check", "path", "right"),
    [
        ("setuid", "/usr/bin/su", True),
        ("setuid", "/bin/mount", True),
        ("setuid", "/usr/sbin/unix_chkpwd", True),
        ("setuid", "/usr/bin/ssh-agent", True),
        ("setuid", "/usr/bin/sudo", False),
        ("setuid", "/usr/local/bin/su", False),
        ("setuid", "/app/usr/bin/su", False),
        ("secrets", "/usr/lib/x86_64-linux-gnu/libgnutls.so.30.40.3", True),
        ("secrets", "/usr/lib64/libgnutls.so.30.40.3", True),
        ("secrets", "/usr/local/lib/python3.13/test/certdata/keycert.pem", True),
        ("secrets", "/usr/local/lib/python3.13/site-packages/x/tests/a/key.pem", True),
        ("secrets", "/usr/local/lib/python3.13/site-packages/x/key.pem", False),
        ("secrets", "/app/tests/key.pem", False),
        ("secrets", "/root/.ssh/id_rsa", False),
        ("binaries", "/usr/bin/su", False),
    ],
)
def test_files_of_base_images_are_exempt(check: str, path: str, right: bool) -> None:
    assert exempt(ALL_CHECKS[check], path, WANTED) is right
