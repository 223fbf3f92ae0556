"""Untrusted text is evaluated once, when bake prints it, and escaped after that."""

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


def test_printed_text_is_escaped_unless_print_escaped_it_already() -> None:
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


def test_escaped_text_is_read_back_unchanged() -> None:
    body = {key: PRINTED[key] for key in ("context", "contexts", "secret", "no-cache", "call")}
    assert read_literal(literal(body, printed=True)) == body
