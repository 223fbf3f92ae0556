"""Waivers: a finding accepted until a date counts as verified and stays visible."""

from __future__ import annotations

import tomllib
from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from openhqm_tui.domain.checks.catalog import checks_for, hint_of, judge
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.config_file import expectation_for, parse_checks
from openhqm_tui.domain.checks.evidence import Contents, Evidence, SeenConfig
from openhqm_tui.domain.checks.expectation import Expectation, expectation_from
from openhqm_tui.domain.checks.layers import FileKind, Found, Placed
from openhqm_tui.domain.checks.verdict import Answer, Verdict, is_verified
from openhqm_tui.domain.checks.waiver import WAIVE, idle_waivers
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import parse_platform

AMD64 = parse_platform("linux/amd64")
TODAY = date(2026, 11, 28)
F, W, A, P, U = Answer.FAIL, Answer.WARN, Answer.WAIVED, Answer.PASS, Answer.UNKNOWN


def expected(*texts: str) -> Expectation:
    files = [parse_checks(tomllib.loads(text), "f.toml") for text in texts]
    found = expectation_for(files, "api", AMD64, (AMD64,))
    # As the runner reads it from the run folder.
    return expectation_from(msgspec.json.decode(msgspec.json.encode(found)))


def waiver(check: str = "setuid", until: str = "2026-11-28", finding: str = "") -> str:
    more = f'finding = "{finding}"\n' if finding else ""
    return (
        f'[[targets.api.waive]]\ncheck = "{check}"\nreason = "as vendor"\nuntil = {until}\n{more}'
    )


def seen(*files: tuple[FileKind, str]) -> Evidence:
    placed = tuple(Placed(Found(kind, path, "4755"), 1, deleted=False) for kind, path in files)
    return Evidence(config=SeenConfig(history=()), contents=Contents(placed, 1))


def verdicts(wanted: Expectation, evidence: Evidence, today: date = TODAY) -> dict[str, Verdict]:
    return {v.check: v for v in judge(wanted, replace(evidence, today=today), Group.STATIC)}


A_FILE, B_FILE = (FileKind.SETUID, "/opt/a"), (FileKind.SETUID, "/opt/b")


@pytest.mark.parametrize(
    ("text", "files", "answer", "message"),
    [
        (waiver(), (A_FILE,), A, "until 2026-11-28 (as vendor): /opt/a (4755)"),
        (waiver(finding="/opt/*"), (A_FILE, B_FILE), A, "until 2026-11-28 (as vendor): "),
        (waiver(finding="/opt/a"), (A_FILE, B_FILE), F, "1 of 2 waived until 2026-11-28"),
        (waiver(finding="/opt/c"), (A_FILE,), F, "/opt/a (4755)"),
        (waiver(finding="/opt/a") + waiver(finding="/opt/b"), (A_FILE, B_FILE), A, "until"),
        (waiver(until="2026-11-27"), (A_FILE,), F, "the waiver expired on 2026-11-27 (as vendor)"),
        (waiver(until="2026-11-27") + waiver(), (A_FILE,), A, "until 2026-11-28"),
        (waiver(), (), P, "none"),
        (waiver("secrets"), (A_FILE,), F, "/opt/a (4755)"),
        (waiver("compilers"), ((FileKind.COMPILER, "/usr/bin/gcc"),), A, "until 2026-11-28"),
        ("", (A_FILE,), F, "/opt/a (4755)"),
    ],
)
def test_a_waived_finding_counts_as_verified_with_its_reason(
    text: str, files: tuple[tuple[FileKind, str], ...], answer: Answer, message: str
) -> None:
    found = verdicts(expected(text), seen(*files))
    check = "compilers" if files and files[0][0] is FileKind.COMPILER else "setuid"
    assert found[check].answer is answer
    assert message in found[check].evidence
    assert is_verified([found[check]]) is (answer is not F)
    assert (hint_of(found[check]) != "") is (answer is F)


def test_an_inconclusive_check_is_not_waived() -> None:
    assert verdicts(expected(waiver()), Evidence(why="gone"))["setuid"].answer is U


def test_waivers_of_all_matching_tables_count() -> None:
    default = waiver("compilers").replace("[targets.api.waive]", "[defaults.waive]")
    wanted = expected(default, waiver())
    assert [one.check for one in WAIVE.of(wanted)] == ["compilers", "setuid"]
    assert WAIVE.of(expected(default, "[targets.api]\nwaive = false")) == ()
    assert checks_for(wanted) == checks_for(expected(""))


def test_a_waiver_without_a_finding_is_reported() -> None:
    wanted = expected(waiver(finding="/opt/a") + waiver("compilers") + waiver("size"))
    clean, dirty = seen(), seen(A_FILE)

    def lane(evidence: Evidence) -> tuple[Expectation, list[Verdict]]:
        return wanted, list(verdicts(wanted, evidence).values())

    def named(*lanes: tuple[Expectation | None, list[Verdict]]) -> list[str]:
        found = idle_waivers(lanes)
        assert all(line.startswith("the waiver for ") for line in found)
        return [line.split()[3] for line in found]

    assert named(lane(clean)) == ["setuid", "compilers", "size"]
    assert named(lane(clean), lane(dirty)) == ["compilers", "size"]
    assert named(lane(clean), (wanted, [])) == [], "its image may still need them"
    assert named(lane(Evidence(why="gone"))) == ["size"]
    assert named((None, [])) == []
    expired = verdicts(wanted, dirty, date(2027, 1, 1))
    assert named((wanted, list(expired.values()))) == ["compilers", "size"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (waiver("setuids"), "unknown check 'setuids' in waive: did you mean setuid?"),
        ('waive = [{check = "size"}]', "missing required field `reason`"),
        (waiver().replace("as vendor", " "), "Expected `str` matching regex"),
        (waiver(until='"soon"'), "Invalid RFC3339"),
        (waiver(until="2026-11-28T00:00:00Z"), "Expected `date`"),
        (waiver() + "untill = 1", "unknown field `untill`"),
        ('waive = {check = "size"}', "Expected `array`"),
    ],
)
def test_a_waiver_needs_a_check_a_reason_and_a_date(text: str, message: str) -> None:
    if not text.startswith("["):
        text = f"[targets.api]\n{text}"
    with pytest.raises(UsageProblem) as caught:
        parse_checks(tomllib.loads(text), "f.toml")
    assert message in str(caught.value)
