"""What a stranger wrote is evaluated by bake once, when it is printed."""

from __future__ import annotations

from openhqm_tui.domain.plan.bake import literal, read_literal

PRINTED = {
    "context": "${homedir()}",
    "contexts": {"%{if true}": "$${x}"},
    "args": {"${k}": "$${already}"},
    "labels": {"a": "%%{already}"},
    "dockerfile-inline": "RUN echo $${HOME}",
    "secret": [{"id": "k", "src": "${join()}"}],
    "no-cache": True,
    "call": None,
}


def test_what_print_leaves_is_escaped_and_what_it_escaped_stays() -> None:
    assert literal(PRINTED, printed=True) == {
        "context": "$${homedir()}",
        "contexts": {"%%{if true}": "$$${x}"},
        "args": {"$${k}": "$${already}"},
        "labels": {"a": "%%{already}"},
        "dockerfile-inline": "RUN echo $${HOME}",
        "secret": [{"id": "k", "src": "$${join()}"}],
        "no-cache": True,
        "call": None,
    }


def test_our_own_text_is_escaped_everywhere() -> None:
    body = {"context": "/${a}", "args": {"A": "${b}"}, "tags": ("%{c}",)}
    assert literal(body, printed=False) == {
        "context": "/$${a}",
        "args": {"A": "$${b}"},
        "tags": ["%%{c}"],
    }


def test_it_is_read_back_as_bake_reads_it() -> None:
    body = {key: PRINTED[key] for key in ("context", "contexts", "secret", "no-cache", "call")}
    assert read_literal(literal(body, printed=True)) == body
