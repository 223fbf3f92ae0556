"""Words for build caches, and what they mean for each variant."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Choices, Source, SourceKind, make_plan
from openhqm_tui.domain.plan.cache import Cache, CacheKind, parse_cache, split_caches, unsupported
from openhqm_tui.domain.platforms import parse_platforms
from tests.our_variants import VARIANTS, find_variant

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("word", "takes", "gives"),
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
def test_presets_give_every_variant_a_place_of_its_own(word: str, takes: str, gives: str) -> None:
    assert parse_cache(word, CacheKind.FROM).entry("redis", CacheKind.FROM) == takes
    assert parse_cache(word, CacheKind.TO).entry("redis", CacheKind.TO) == gives


def test_inline_and_a_digest_go_one_way_only() -> None:
    assert parse_cache("inline", CacheKind.TO).entry("redis", CacheKind.TO) == "type=inline"
    by_digest = f"registry=a/b@{DIGEST}"
    assert (
        parse_cache(by_digest, CacheKind.FROM).entry("x", CacheKind.FROM)
        == f"type=registry,ref=a/b@{DIGEST}"
    )


def test_a_strangers_variant_leads_nowhere_else() -> None:
    assert parse_cache("local=/c", CacheKind.TO).entry("../x", CacheKind.TO) == (
        "type=local,dest=/c/..-x,mode=max"
    )


@pytest.mark.parametrize(
    ("word", "way", "says"),
    [
        ("registy=a/b", CacheKind.FROM, "--cache-from registy=a/b: unknown cache 'registy': "),
        ("registy=a/b", CacheKind.FROM, "did you mean registry?"),
        ("", CacheKind.FROM, "valid: registry=REF local=DIR gha inline type=…"),
        ("ghcr.io/acme/x", CacheKind.TO, "--cache-to ghcr.io/acme/x: unknown cache"),
        ("registry=", CacheKind.TO, "no location given; write registry=ghcr.io/acme/cache"),
        ("registry", CacheKind.TO, "no location given"),
        ("local=", CacheKind.FROM, "no location given; write local=.cache"),
        ("registry=Not A Name", CacheKind.FROM, "'Not A Name' isn't a valid image reference"),
        (f"registry=a/b@{DIGEST}", CacheKind.TO, "can't export to a digest"),
        ("gha=", CacheKind.FROM, "invalid scope"),
        ("gha=a,mode=min", CacheKind.TO, "invalid scope"),
        ("inline", CacheKind.FROM, "write registry=IMAGE:TAG"),
        ("inline=x", CacheKind.TO, "unknown cache 'inline'"),
        ("type=", CacheKind.TO, "no type given"),
        ("type=s3,secret_access_key=hunter2", CacheKind.TO, "secret_access_key would be stored"),
        ("type=azblob,Account_Key=hunter2", CacheKind.TO, "account_key would be stored"),
    ],
)
def test_wrong_words_are_one_clear_line(word: str, way: CacheKind, says: str) -> None:
    with pytest.raises(UsageProblem) as told:
        parse_cache(word, way)
    assert says in str(told.value)
    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
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
def test_a_list_is_cut_where_a_cache_begins(text: str, words: list[str]) -> None:
    assert split_caches(text) == words


@pytest.mark.parametrize(
    ("driver", "store", "way", "lacks"),
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
def test_what_a_driver_has(
    driver: str, store: bool, way: CacheKind, lacks: tuple[str, ...]
) -> None:
    caches = [Cache(kind) for kind in ("registry", "local", "gha", "inline", "s3")]
    assert unsupported(caches, way, driver=driver, containerd_store=store) == lacks


def test_the_plan_holds_them_for_each_target() -> None:
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
    assert own == {"cache-from": [{"type": "registry", "ref": "theirs"}]}, "what was read stays"
    assert kafka["cache-to"] == ["type=local,dest=/c/kafka,mode=max"]


@pytest.mark.parametrize(
    ("word", "folder"),
    [
        ("local=/c", "/c/redis"),
        ("type=local,dest=/c/{variant},mode=max", "/c/redis"),
        ('type=local,"dest=/c,d"', "/c,d"),
        ("registry=a/b", ""),
        ("type=gha,scope=x", ""),
    ],
)
def test_the_folders_that_are_written(word: str, folder: str) -> None:
    assert parse_cache(word, CacheKind.TO).folder_of("redis") == folder
