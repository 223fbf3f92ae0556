"""What an image's command starts: its Python, scripts, and programs that drop privileges."""

from __future__ import annotations

import shlex

import pytest

from openhqm_tui.domain.checks.evidence import SeenConfig
from openhqm_tui.domain.checks.startup import (
    interpreters_of,
    root_dropped_by,
    scripts_in,
    words_of,
)

USUAL = ("python", "python3")


@pytest.mark.parametrize(
    ("command", "interpreters", "scripts"),
    [
        ("python -m x", ("python",), []),
        ("python3", ("python3",), []),
        ("/app/.venv/bin/python3.13 x.py", ("/app/.venv/bin/python3.13",), []),
        ("/usr/bin/tini -- python x.py", ("python",), []),
        ("/entry.sh pypy3 x.py", ("pypy3",), []),
        ("/bin/sh -c 'exec python3 -m x'", ("python3",), []),
        ("bash -ec 'cd /app;python x.py'", ("python",), []),
        ("", USUAL, []),
        (
            "/opt/venv/bin/uvicorn x:app --port 80",
            ("/opt/venv/bin/python", *USUAL),
            ["/opt/venv/bin/uvicorn", "80"],
        ),
        ("gunicorn x", USUAL, ["gunicorn", "x"]),
        ("/entry.sh celery", USUAL, ["/entry.sh", "celery"]),
        ("node server.js", USUAL, ["node", "server.js"]),
        ("/usr/local/bin/python-config", ("/usr/local/bin/python", *USUAL), None),
    ],
)
def test_the_interpreters_of_a_command_are_found(
    command: str, interpreters: tuple[str, ...], scripts: list[str] | None
) -> None:
    words = shlex.split(command)
    assert interpreters_of(words) == interpreters
    assert scripts is None or scripts_in(words) == scripts


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "a b && c"], ["a", "b", "&&", "c"]),
        (["tini", "--", "sh", "-c", "exec $0", "x"], ["tini", "--", "exec", "$0", "x"]),
        (["sh", "-c", "a 'b"], ["a", "'b"]),
        (["sh", "/a.sh", "-c", "x"], ["sh", "/a.sh", "-c", "x"]),
        (["sh", "-c"], ["sh", "-c"]),
        (["sh"], ["sh"]),
        ([], []),
    ],
)
def test_a_shell_script_is_split_into_its_words(command: list[str], words: list[str]) -> None:
    assert words_of(command) == words


@pytest.mark.parametrize(
    ("command", "dropped"),
    [
        ("gosu app x", ("gosu", "app")),
        ("tini -- gosu app:app x", ("gosu", "app:app")),
        ("setpriv --reuid 1000 --regid 1000 x", ("setpriv", "1000")),
        ("setpriv --reuid=app x", ("setpriv", "app")),
        ("setpriv --no-new-privs x", ("setpriv", "")),
        ("runuser -u app -- x", ("runuser", "app")),
        ("chpst -u app x", ("chpst", "app")),
        ("su - app -s /bin/sh", ("su", "app")),
        ("s6-setuidgid app x", ("s6-setuidgid", "app")),
        ("gosu", ("gosu", "")),
        ("/entry.sh x", ("su-exec", "")),
        ("entry.sh", ("su-exec", "")),
        ("x y", ("", "")),
    ],
)
def test_programs_that_drop_root_are_recognized(command: str, dropped: tuple[str, str]) -> None:
    config = SeenConfig(cmd=tuple(shlex.split(command)))
    assert root_dropped_by(config, [("/usr/local/bin/entry.sh", "su-exec")]) == dropped
