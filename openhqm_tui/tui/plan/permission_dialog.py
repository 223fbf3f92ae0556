"""Asking for what a build needs: Buildx permissions, or pushes defined in the bake file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen

from openhqm_tui.domain.plan.permissions import Permission, PermissionsNeeded, PushNeeded, described
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.widgets.dialogs import QuestionDialog

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.tui.plan.lookups import RunRefused

REFUSED = "not allowed, so nothing was built"
# Starts a build; the second argument lists the permissions to remember.
Start = Callable[["BuildOptions", tuple[Permission, ...]], None]


def ask_for(
    screen: Screen[None], refusal: RunRefused, start: Start, refused: Callable[[str], None]
) -> bool:
    """Ask, and start the build with what was allowed; closing the dialog allows nothing.

    Returns False if asking wouldn't help.
    """
    match refusal.cause:
        case PermissionsNeeded() as permissions:
            _ask_permissions(screen, permissions, refusal.order, start, refused)
        case PushNeeded() as pushes:
            _ask_pushes(screen, pushes, refusal.order, start, refused)
        case _:
            return False
    return True


def _ask_permissions(
    screen: Screen[None],
    problem: PermissionsNeeded,
    order: BuildOptions,
    start: Start,
    refused: Callable[[str], None],
) -> None:
    def answered(answer: str | None) -> None:
        if answer not in {"once", "remember"}:
            refused(REFUSED)
            return
        allowed = replace(order, allow=(*order.allow, *problem.missing))
        start(allowed, problem.missing if answer == "remember" else ())

    needs = described(problem.missing, problem.folder)
    text = Content("\n").join(
        [
            Content("The build definition in this folder asks to:"),
            *(Content(f"  • {one_line(need, 300)}") for need in needs),
            Content.styled("Allow it only if you trust who wrote it.", "$text-warning"),
        ]
    )
    answers = [
        ("no", "Don't build"),
        ("once", "Allow once"),
        ("remember", "Allow and remember"),
    ]
    screen.app.push_screen(QuestionDialog("Allow this build?", text, answers, leave="no"), answered)


def _ask_pushes(
    screen: Screen[None],
    problem: PushNeeded,
    order: BuildOptions,
    start: Start,
    refused: Callable[[str], None],
) -> None:
    def answered(answer: str | None) -> None:
        if answer == "push":
            start(replace(order, push=True), ())
        elif answer == "local":
            start(replace(order, no_push=True), ())
        else:
            refused(REFUSED)

    lines = [Content(f"  • {one_line(told, 300)}") for told in problem.pushes]
    text = Content("\n").join(
        [
            Content("The build definition in this folder:"),
            *lines,
            Content("Tags are pushed once every image is verified."),
        ]
    )
    answers = [
        ("no", "Don't build"),
        ("local", "Build without pushing"),
        ("push", "Build and push"),
    ]
    screen.app.push_screen(QuestionDialog("Push the images?", text, answers, leave="no"), answered)
