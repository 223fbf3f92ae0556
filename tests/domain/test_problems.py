"""Problems: one printable line, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.errors import EngineProblem, Problem, UsageProblem, nearest, reason_of


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("it broke"), "it broke"),
        (Problem("it broke", fix="fix it"), "it broke; fix it"),
        (Problem("no x", fix="did you mean y?"), "no x: did you mean y?"),
        (Problem("no x", valid="y z"), "no x (valid: y z)"),
        (Problem("no x", fix="try y", valid="y z"), "no x; try y (valid: y z)"),
        (Problem("two\nlines\tand  blanks"), "two lines and blanks"),
    ],
)
def test_problem_fix_and_choices_are_one_line(problem: Problem, line: str) -> None:
    assert str(problem) == line


def test_each_kind_has_its_exit_code() -> None:
    codes = [kind("x").exit_code for kind in (Problem, UsageProblem, EngineProblem)]
    assert codes == [1, 2, 3]


@given(st.text(), st.text(), st.text())
@settings(deadline=None, max_examples=100)
def test_a_problem_is_safe_to_print_on_a_terminal(what: str, fix: str, valid: str) -> None:
    line = str(Problem(what, fix=fix, valid=valid))
    assert line.splitlines() in ([], [line])
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line)


@pytest.mark.parametrize(
    ("word", "found"),
    [("redsi", "redis"), ("REDIS", "redis"), ("xyzzy", None), ("", None)],
)
def test_the_nearest_choice_is_found(word: str, found: str | None) -> None:
    assert nearest(word, ["redis", "kafka"]) == found


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "No such file", "docker"), "docker: No such file"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(2, "No such file", "a\x1b[2J\nb"), "a b: No such file"),
        (TimeoutError("timed out"), "timed out"),
        (Problem("it broke"), "it broke"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_an_error_is_shown_without_its_number(error: Exception, text: str) -> None:
    assert reason_of(error) == text
