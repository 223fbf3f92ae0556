"""Expressions as typed: smart case, one clear line for what can't be used, none that run away."""

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
def test_small_letters_match_capitals_and_capitals_only_themselves(typed, line, found):
    assert (parse_pattern(typed).search(line) is not None) is found


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("(", "not a regular expression: missing ), unterminated subpattern at 1"),
        ("a**", "not a regular expression: multiple repeat at 3"),
        ("[b", "not a regular expression: unterminated character set at 1"),
        ("x" * 301, "longer than 300 characters"),
        ("a{99999999999999999999}", "not a usable regular expression: too complex"),
        ("(a+)+$", "a nested repeat could take forever: write [ab]+ for (a|b)+"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(typed, words):
    with pytest.raises(Problem) as caught:
        parse_pattern(typed)
    assert str(caught.value) == words


def test_odd_but_valid_expressions_say_nothing_on_the_terminal(recwarn):
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
def test_what_could_run_for_ever_is_known(text):
    assert runs_away(text)


@pytest.mark.parametrize("text", ["(a)?(?(1)b|c)", "(?P<a>.)(?(a)b|c)", "(?x)a # )", "(?ix)a # ["])
def test_what_would_be_read_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="conditionals and verbose mode"):
        parse_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        *("a+", "a+b+c*", "(abc)+", "(a|b)", "(a+)?", "(a+)b+", r"\(a+\)+", "[(a+)]+", "(ab){3}"),
        *("[]+)]*x", r"[\]+]+", "(?:abc)*", "(?=a+)b", "(a{2}){3}", "(?i)error.*failed", "{x}+"),
    ],
)
def test_what_is_harmless_is_let_through(text):
    assert not runs_away(text)


@pytest.mark.parametrize(
    ("text", "power"),
    [("plain", 1), ("a?b{2}", 1), (".*error", 2), (r"a+\+b*", 3), ("x{10,}[*+]y*", 3)],
)
def test_how_steeply_the_time_of_an_expression_grows(text, power):
    assert steepness(text) == power
