"""The matrix of checks in HTML: lanes × checks, and behind each lane what was seen."""

from __future__ import annotations

from collections.abc import Iterator

from openhqm_tui.report.elements import Html, code, element, folded, scrolled, table
from openhqm_tui.report.grouping import asked_checks, case_of, tally
from openhqm_tui.report.model import Case, Lane, Report
from openhqm_tui.report.words import MARKS, NOTHING


def checks_matrix(report: Report) -> Html:
    """Return the matrix; each of its answers leads to what was seen."""
    checks = asked_checks(report)
    ways = {case.check: case for lane in report.lanes for case in lane.cases}
    head = [element("th", "lane", scope="col"), element("th", "image ran", scope="col")]
    head += [
        element("th", element("span", check), scope="col", class_="check", title=ways[check].asks)
        for check in checks
    ]
    rows = []
    for number, lane in enumerate(report.lanes):
        cells = [
            element("th", lane_name(lane), scope="row"),
            element("td", lane.ran or "not run"),
            *(_cell(number, lane, check) for check in checks),
        ]
        rows.append(element("tr", *cells))
    caption = "Every check of every lane"
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_="matrix",
    )
    return scrolled(whole, caption)


def questions(report: Report) -> Html:
    """Return what each check asks, and how it finds the answer, folded."""
    told = {case.check: case for lane in report.lanes for case in lane.cases}
    rows = [
        (check, told[check].asks or NOTHING, told[check].way or NOTHING)
        for check in asked_checks(report)
    ]
    caption = "What each check asks, and how"
    return folded(caption, table(("check", "asks", "how"), rows, caption=caption))


def evidence(report: Report) -> Iterator[Html]:
    """Yield what was seen of each lane, folded; open where something isn't as it must be."""
    for number, lane in enumerate(report.lanes):
        if not lane.cases:
            continue
        wrong = any(case.answer in {"fail", "unknown"} for case in lane.cases)
        parts: list[str] = [_answers(number, lane)]
        for command in dict.fromkeys(case.command for case in lane.cases if case.command):
            parts += [element("p", "Asked in a container by"), element("pre", command)]
        if lane.stderr:
            parts += [element("p", "It said on stderr"), element("pre", lane.stderr)]
        title = element("span", lane_name(lane), f": {tally(lane.cases)}")
        yield folded(title, *parts, open="open" if wrong else None)


def lane_name(lane: Lane) -> Html:
    """Return a lane's name, its platform beside it."""
    return element("span", code(lane.target), " ", lane.platform)


def _cell(number: int, lane: Lane, check: str) -> Html:
    case = case_of(lane, check)
    if case is None:
        return element("td", NOTHING, class_="answer", title="not asked")
    word = element("span", case.answer, class_="unseen" if case.answer == "pass" else None)
    link = element(
        "a",
        element("span", MARKS[case.answer], aria_hidden="true"),
        " ",
        word,
        href=f"#{_place(number, lane, case)}",
        title=case.seen or None,
    )
    return element("td", link, class_=f"answer {case.answer}")


def _answers(number: int, lane: Lane) -> Html:
    rows = []
    for case in lane.cases:
        rows.append(
            (
                element("span", case.check, id=_place(number, lane, case)),
                element("span", f"{MARKS[case.answer]} {case.answer}", class_=case.answer),
                code(case.seen),
                code(case.expected),
                case.how or "not run",
            )
        )
    head = ("check", "answer", "seen", "expected", "image ran")
    return table(head, rows, caption=f"{lane.target} {lane.platform}, answer by answer")


def _place(number: int, lane: Lane, case: Case) -> str:
    return f"lane-{number}-{lane.cases.index(case)}"
