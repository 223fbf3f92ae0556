"""Cache options as typed, and the entries they become for each variant."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Choices, Source, SourceKind, make_plan
from openhqm_tui.domain.plan.cache import Cache, CacheKind, parse_cache, split_caches, unsupported
from openhqm_tui.domain.platforms import parse_platforms
from tests.our_variants import VARIANTS, find_variant

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("option", "imported", "exported"),
    [
        (
            "registry=ghcr.io/acme/cache",
            "type=registry,ref=ghcr.io/acme/cache:cache-redis",
            "type=registry,ref=ghcr.io/acme/cache:cache-redis,mode=max,ignore-error=true",
        ),
        (
            "registry=localhost:5000/cache:main",
            "type=registry,ref=localhost:5000/cache:main-redis",
            "type=registry,ref=localhost:5000/cache:main-redis,mode=max,ignore-error=true",
        ),
        (
            "registry=localhost:5000/cache",
            "type=registry,ref=localhost:5000/cache:cache-redis",
            "type=registry,ref=localhost:5000/cache:cache-redis,mode=max,ignore-error=true",
        ),
        (
            "registry=acme/{variant}:c",
            "type=registry,ref=acme/redis:c",
            "type=registry,ref=acme/redis:c,mode=max,ignore-error=true",
        ),
        ("local=/c", "type=local,src=/c/redis", "type=local,dest=/c/redis,mode=max"),
        ("local=/c/", "type=local,src=/c/redis", "type=local,dest=/c/redis,mode=max"),
        (
            "local=/c/{variant}/x",
            "type=local,src=/c/redis/x",
            "type=local,dest=/c/redis/x,mode=max",
        ),
        # BuildKit reads a line of CSV.
        (
            'local=/a,b"c',
            'type=local,"src=/a,b""c/redis"',
            'type=local,"dest=/a,b""c/redis",mode=max',
        ),
        ("gha", "type=gha,scope=redis", "type=gha,scope=redis,mode=max,ignore-error=true"),
        (
            "gha=main",
            "type=gha,scope=main-redis",
            "type=gha,scope=main-redis,mode=max,ignore-error=true",
        ),
        (" gha ", "type=gha,scope=redis", "type=gha,scope=redis,mode=max,ignore-error=true"),
        ("type=s3,region=eu,bucket=b", "type=s3,region=eu,bucket=b", "type=s3,region=eu,bucket=b"),
        (
            "type=registry,ref=a/b:{variant}",
            "type=registry,ref=a/b:redis",
            "type=registry,ref=a/b:redis",
        ),
    ],
)
def test_presets_give_every_variant_its_own_location(
    option: str, imported: str, exported: str
) -> None:
    assert parse_cache(option, CacheKind.FROM).entry("redis", CacheKind.FROM) == imported
    assert parse_cache(option, CacheKind.TO).entry("redis", CacheKind.TO) == exported


@pytest.mark.parametrize("way", CacheKind)
def test_buildx_takes_a_bare_reference(way: CacheKind) -> None:
    assert parse_cache("user/app:cache", way).entry("redis", way) == (
        "type=registry,ref=user/app:cache"
    )


def test_inline_is_export_only_and_a_digest_import_only() -> None:
    assert parse_cache("inline", CacheKind.TO).entry("redis", CacheKind.TO) == "type=inline"
    by_digest = f"registry=a/b@{DIGEST}"
    assert (
        parse_cache(by_digest, CacheKind.FROM).entry("x", CacheKind.FROM)
        == f"type=registry,ref=a/b@{DIGEST}"
    )


def test_an_untrusted_variant_name_cant_leave_the_cache_folder() -> None:
    assert parse_cache("local=/c", CacheKind.TO).entry("../x", CacheKind.TO) == (
        "type=local,dest=/c/..-x,mode=max"
    )


@pytest.mark.parametrize(
    ("option", "direction", "message"),
    [
        ("registy=a/b", CacheKind.FROM, "--cache-from registy=a/b: unknown cache type 'registy': "),
        ("registy=a/b", CacheKind.FROM, "did you mean registry?"),
        ("", CacheKind.FROM, "valid: registry=REF local=DIR gha inline type=…"),
        ("acme", CacheKind.TO, "--cache-to acme: unknown cache type 'acme'"),
        ("acme/X", CacheKind.TO, "'acme/X' isn't a valid image reference"),
        ("registry=", CacheKind.TO, "no location given; for example: registry=ghcr.io/acme/cache"),
        ("registry", CacheKind.TO, "no location given"),
        ("local=", CacheKind.FROM, "no location given; for example: local=.cache"),
        ("registry=Not A Name", CacheKind.FROM, "'Not A Name' isn't a valid image reference"),
        (f"registry=a/b@{DIGEST}", CacheKind.TO, "can't export to a digest"),
        ("gha=", CacheKind.FROM, "invalid scope"),
        ("gha=a,mode=min", CacheKind.TO, "invalid scope"),
        ("inline", CacheKind.FROM, "write registry=IMAGE:TAG"),
        ("inline=x", CacheKind.TO, "unknown cache type 'inline'"),
        ("type=", CacheKind.TO, "no type given"),
        ("type=s3,secret_access_key=hunter2", CacheKind.TO, "secret_access_key would be stored"),
        ("type=azblob,Account_Key=hunter2", CacheKind.TO, "account_key would be stored"),
        ("type=azblob,secret_access_key=hunter2", CacheKind.TO, "Azure credentials of its own"),
    ],
)
def test_an_invalid_cache_is_reported_in_one_line_without_its_secrets(
    option: str, direction: CacheKind, message: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_cache(option, direction)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("gha,inline", ["gha", "inline"]),
        (" gha , local=/c ", ["gha", "local=/c"]),
        (
            "type=registry,ref=a/b,mode=max,local=/c",
            ["type=registry,ref=a/b,mode=max", "local=/c"],
        ),
        (
            "type=registry,ref=a,type=local,src=/b,gha",
            ["type=registry,ref=a", "type=local,src=/b", "gha"],
        ),
        ("", []),
        (",,", []),
    ],
)
def test_a_list_is_split_between_caches(text: str, options: list[str]) -> None:
    assert split_caches(text) == options


@pytest.mark.parametrize(
    ("driver", "store", "direction", "missing"),
    [
        ("docker", True, CacheKind.FROM, ("s3",)),
        ("docker", True, CacheKind.TO, ("s3",)),
        ("docker", False, CacheKind.FROM, ("gha", "inline", "s3")),
        ("docker", False, CacheKind.TO, ("registry", "local", "gha", "s3")),
        ("docker-container", False, CacheKind.TO, ()),
        ("remote", True, CacheKind.FROM, ()),
        ("kubernetes", False, CacheKind.TO, ()),
    ],
)
def test_the_caches_that_a_driver_does_not_support(
    driver: str, store: bool, direction: CacheKind, missing: tuple[str, ...]
) -> None:
    caches = [Cache(kind) for kind in ("registry", "local", "gha", "inline", "s3")]
    assert unsupported(caches, direction, driver=driver, containerd_store=store) == missing


def test_the_plan_adds_the_caches_to_each_target() -> None:
    caches = {
        "cache_from": (parse_cache("local=/c", CacheKind.FROM), parse_cache("gha", CacheKind.FROM)),
        "cache_to": (parse_cache("local=/c", CacheKind.TO),),
    }
    choices = Choices(
        variants=(find_variant("redis"), find_variant("kafka")),
        platforms=parse_platforms("linux/amd64"),
        cache_from=caches["cache_from"],
        cache_to=caches["cache_to"],
    )
    ours = Source(kind=SourceKind.BUNDLED, variants=VARIANTS, context="/ctx", dockerfile="/D")
    redis, kafka = (target.body for target in make_plan(ours, choices).targets)
    assert redis["cache-from"] == ["type=local,src=/c/redis", "type=gha,scope=redis"]
    assert redis["cache-to"] == ["type=local,dest=/c/redis,mode=max"]
    assert kafka["cache-to"] == ["type=local,dest=/c/kafka,mode=max"]
    own = {"cache-from": [{"type": "registry", "ref": "theirs"}]}
    theirs = Source(
        kind=SourceKind.BAKE, variants=choices.variants, bake_targets={"redis": own, "kafka": {}}
    )
    redis, kafka = (target.body for target in make_plan(theirs, choices).targets)
    assert redis["cache-from"] == [
        {"type": "registry", "ref": "theirs"},
        "type=local,src=/c/redis",
        "type=gha,scope=redis",
    ]
    assert own == {"cache-from": [{"type": "registry", "ref": "theirs"}]}, (
        "the definition itself is unchanged"
    )
    assert kafka["cache-to"] == ["type=local,dest=/c/kafka,mode=max"]


@pytest.mark.parametrize(
    ("option", "folder"),
    [
        ("local=/c", "/c/redis"),
        ("type=local,dest=/c/{variant},mode=max", "/c/redis"),
        ('type=local,"dest=/c,d"', "/c,d"),
        ("registry=a/b", ""),
        ("type=gha,scope=x", ""),
    ],
)
def test_the_folder_that_a_cache_writes_to(option: str, folder: str) -> None:
    assert parse_cache(option, CacheKind.TO).folder_of("redis") == folder
