"""Search expressions: smart case, one-line errors, and no catastrophic backtracking."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.patterns import parse_pattern, runs_away, steepness


@pytest.mark.parametrize(
    ("typed", "line", "found"),
    [
        ("error", "ERROR: no", True),
        ("Error", "ERROR: no", False),
        ("Error", "an Error", True),
        (r"\Serror", "XERROR", True),
        (r"\\Serror", r"\serror", False),
        (r"^\d+ packages$", "14 Packages", True),
        ("[A-Z]+!", "abc!", False),
    ],
)
def test_lower_case_matches_both_cases_and_upper_case_only_itself(typed, line, found):
    assert (parse_pattern(typed).search(line) is not None) is found


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("(", "invalid regular expression: missing ), unterminated subpattern (position 1)"),
        ("a**", "invalid regular expression: multiple repeat (position 3)"),
        ("[b", "invalid regular expression: unterminated character set (position 1)"),
        ("x" * 301, "the expression is longer than 300 characters"),
        ("a{99999999999999999999}", "the regular expression is too complex"),
        ("(a+)+$", "nested or many repeats could take forever: use [ab]+ instead of (a|b)+"),
    ],
)
def test_an_unusable_expression_is_reported_in_one_line(typed, message):
    with pytest.raises(Problem) as caught:
        parse_pattern(typed)
    assert str(caught.value) == message


def test_odd_but_valid_expressions_print_no_warning(recwarn):
    parse_pattern("[[a]")
    assert not recwarn.list


@pytest.mark.parametrize(
    "text",
    [
        *("(a+)+", "(a*)*b", "((a+)b?)*", "(?:a|aa)+$", "(?P<n>x+)*", "(a+){2,}", "(a?){20}"),
        *("(a+)+?", r"(\w+\s*)*:", "((ab)*c)+", "(?i:a+)+", "a*" * 21, "a?" * 21),
        *("(a?){9}", "(a?){5}(a?){4}", r"(\w*,?){9}x"),
    ],
)
def test_expressions_that_could_run_forever_are_recognized(text):
    assert runs_away(text)


@pytest.mark.parametrize("text", ["(a)?(?(1)b|c)", "(?P<a>.)(?(a)b|c)", "(?x)a # )", "(?ix)a # ["])
def test_conditionals_and_verbose_mode_are_refused(text: str) -> None:
    with pytest.raises(Problem, match="conditionals and verbose mode"):
        parse_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        *("a+", "a+b+c*", "(abc)+", "(a|b)", "(a+)?", "(a+)b+", r"\(a+\)+", "[(a+)]+", "(ab){3}"),
        *("[]+)]*x", r"[\]+]+", "(?:abc)*", "(?=a+)b", "(a{2}){3}", "(?i)error.*failed", "{x}+"),
    ],
)
def test_harmless_expressions_are_accepted(text):
    assert not runs_away(text)


@pytest.mark.parametrize(
    ("text", "power"),
    [("plain", 1), ("a?b{2}", 1), (".*error", 2), (r"a+\+b*", 3), ("x{10,}[*+]y*", 3)],
)
def test_the_growth_of_an_expressions_time_is_estimated(text, power):
    assert steepness(text) == power
