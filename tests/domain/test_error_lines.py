"""Log lines that look like errors, depending on their stream."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run.log import looks_like_error

OURS, OUT, ERR = 0, 1, 2


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("✗ process did not complete successfully: exit code: 1", OURS),
        ("error: no space left on device", ERR),
        ("gcc: fatal error: Killed signal terminated program cc1plus", ERR),
        ("Traceback (most recent call last):", ERR),
        ("ModuleNotFoundError: No module named 'aiokafka'", ERR),
        ("E: Unable to locate package qemu", ERR),
        ("npm ERR! code ELIFECYCLE", ERR),
        ("make: *** [Makefile:3: all] Error 1", ERR),
        ("  × No solution found when resolving dependencies:", ERR),
        ("sh: 1: uvv: not found", ERR),
        ("Build failed.", ERR),
        ("ERROR: Could not find a version", OUT),
        ("src/main.c:14:2: error: expected ';'", OUT),
        ("FAILED tests/test_x.py::test_y", OUT),
        ("[ERROR] Failed to execute goal", OUT),
        ("ValueError: wrong", OUT),
        ("Traceback (most recent call last):", OUT),
    ],
)
def test_lines_that_look_like_errors(text, stream):
    assert looks_like_error(text, stream)


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("▸ core 2/3 RUN fail", OURS),
        ("  done in 1.0 s", OURS),
        ("Resolved 14 packages in 212ms", ERR),
        ("0 errors, 2 warnings", ERR),
        ("no errors found", ERR),
        ("errors: 0", ERR),
        ("Compiling error_handler.c", ERR),
        ("cc -c src/error.c -o error.o", ERR),
        ("pytest --fail-fast", ERR),
        ("Collecting thiserror==1.0", ERR),
        ("import of exceptions/base.py", ERR),
        ("", ERR),
        ("12 passed, 1 failed", OUT),
        ("copying error pages", OUT),
        ("installing errorprone", OUT),
    ],
)
def test_lines_that_do_not_look_like_errors(text, stream):
    assert not looks_like_error(text, stream)


def test_only_the_beginning_of_a_long_line_is_examined():
    assert not looks_like_error("x" * 2000 + " error: late", ERR)
