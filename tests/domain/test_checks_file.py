"""Parsing of the checks file, and the errors for invalid ones."""

from __future__ import annotations

import tomllib

import pytest

from openhqm_tui.domain.checks.config_file import parse_checks
from openhqm_tui.domain.errors import UsageProblem

FILE = "openhqm-checks.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default]", f"{FILE}: unknown table [default]: did you mean defaults? (valid: defaults"),
        ("strict = true", "unknown table [strict] (valid: defaults targets)"),
        ("defaults = 3", f"{FILE}: [defaults] must be a table, not 3"),
        ("targets = []", f"{FILE}: [targets] must be a table, not []"),
        ("[targets]\nredis = 1", f"{FILE}: [targets.redis] must be a table, not 1"),
        (
            '[targets."a*"]\nuser = "x"',
            f"{FILE}: [targets.\"a*\"]: user = 'x' is invalid (Expected",
        ),
        ("[defaults]\nuser = -1", "user = -1 is invalid (Expected `int` >= 0)"),
        ("[defaults]\nuser = true", "user = True is invalid (Expected `int`, got `bool`)"),
        ("[defaults]\nusr = 1", "[defaults]: unknown key 'usr': did you mean user? (valid: title"),
        ("[defaults]\nmax_mb = 1", "unknown key 'max_mb': did you mean max-mb?"),
        ("[defaults]\nmax-mb = 0", "max-mb = 0 is invalid (Expected `float` > 0.0)"),
        ('[defaults]\npython = "2.7"', "python = '2.7' is invalid (Expected `str` matching regex"),
        ('[defaults]\nlibrary = ["os; x"]', "library = ['os; x'] is invalid"),
        ('[defaults]\nextensions = ["-c"]', "extensions = ['-c'] is invalid"),
        ('[defaults]\nclients = {redis = "a b"}', "clients = {'redis': 'a b'} is invalid"),
        ('[defaults]\nclients = {"re=dis" = "redis"}', "clients = {'re=dis': 'redis'} is invalid"),
        (
            '[defaults]\nclients = "every"',
            "clients = 'every' is invalid (write \"all\", or",
        ),
        ('[defaults]\nabsent = "all"', "absent = 'all' is invalid (write \"others\", or a table"),
        ("[defaults]\nclients = {redis = '**'}", "clients = {'redis': '**'} is invalid"),
        (
            "[defaults]\ncore = ['a b']",
            "core = ['a b'] is invalid ('a b' is not a valid requirement (example: redis",
        ),
        ("[defaults]\nrequirements = ['-e .']", "requirements = ['-e .'] is invalid"),
        ("[defaults.labels]\nx = true", 'is invalid (write "*" to accept any non-empty value)'),
        ("[defaults.env]\nX = 1", "env = {'X': 1} is invalid (Expected `bool | str`, got `int`"),
        ('[defaults]\ncommand = "python"', "command = 'python' is invalid (Expected `array`"),
        ("[defaults.service]\nprot = 1", "unknown key 'prot' in service: did you mean port?"),
        ("[defaults.service]\nport = 0", "service.port = 0 is invalid (Expected `int` >= 1)"),
        ('[defaults.service]\npath = "health"', "service.path = 'health' is invalid"),
        ('[defaults.service]\npath = "/a b"', "service.path = '/a b' is invalid"),
        ("[defaults.service]\nwithin = 0", "service.within = 0 is invalid"),
        (
            "[defaults.allow]\nsetuids = []",
            "unknown check 'setuids' in allow: did you mean setuid? (valid: binaries setuid",
        ),
        ('[defaults.allow]\nsetuid = "/bin/su"', "allow = {'setuid': '/bin/su'} is invalid"),
        ("[defaults.platforms]\narm = 1", "[defaults.platforms.arm] must be a table"),
        (
            '[targets.a.platforms."linux/arm64"]\nusr = 1',
            "[targets.a.platforms.\"linux/arm64\"]: unknown key 'usr'",
        ),
        (
            '[defaults.platforms."linux/*".platforms]',
            "unknown key 'platforms'",
        ),
    ],
)
def test_an_invalid_key_is_reported_with_its_file_and_table(text: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_checks(tomllib.loads(text), FILE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tables_keep_the_order_of_the_file() -> None:
    text = tomllib.loads(
        """
        [defaults]
        strict = true
        [defaults.platforms."linux/arm64"]
        max-mb = 90
        [targets."redis*"]
        user = 1000
        [targets.kafka]
        service = true
        """
    )
    file = parse_checks(text, FILE)
    assert [(table.target, table.platform, table.keys) for table in file.tables] == [
        ("*", "*", {"strict": True}),
        ("*", "linux/arm64", {"max-mb": 90}),
        ("redis*", "*", {"user": 1000}),
        ("kafka", "*", {"service": {}}),
    ]
    assert file.targets == ("redis*", "kafka")


def test_an_empty_file_expects_nothing() -> None:
    assert parse_checks({}, FILE).targets == ()
