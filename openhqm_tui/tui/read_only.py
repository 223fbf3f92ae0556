"""A console that only watches: for those who are let in from elsewhere, and for a wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NoReturn

from textual.actions import ActionParseResult
from textual.dom import DOMNode

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.source.base_image import Pullable, Reach
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.command_table import every_command
from openhqm_tui.tui.core.backend import Say, Services

REFUSED = "watch only: nothing is built, stopped or changed from here"
_ACTIONS = frozenset(command.action for command in every_command() if command.acts)


class ReadOnlyApp(ConsoleApp):
    """Refuses the commands that act, and has nothing by which anything else could."""

    watches_only: ClassVar[bool] = True

    def __init__(self, services: Services, **more: Any) -> None:
        super().__init__(read_only(services), **more)

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """Grey out what acts, where it would be shown."""
        state = super()._check_action_state(action, default_namespace)
        return None if state and _acts(action) else state

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Carry out what only looks; say of all else that it isn't done here."""
        if isinstance(action, str) and _acts(action):
            self.notify(REFUSED, severity="warning", markup=False, timeout=5)
            return True
        return await super().run_action(action, default_namespace, namespaces)


def read_only(services: Services) -> Services:
    """Return services that can tell everything and do nothing, whoever calls them.

    Buttons and dialogs lead here without a command; so will what is written later.
    """

    def mend(_fix: Fix, say: Say, _stop: object) -> bool:
        say(REFUSED)
        return False

    def look_for(image: str, platforms: tuple[Platform, ...], driver: str) -> Pullable:
        # Whoever only watches would have this machine call on any host they type.
        if image in {"", services.defaults.base_image}:
            return services.look_for(image, platforms, driver)
        return Pullable(Reach.OTHER, REFUSED)

    return replace(
        services,
        look_for=look_for,
        start=_refuse,
        remember_allowed=_refuse,
        ask=_refuse,
        mend=mend,
        create_builder=_refuse,
        remove_builder=_refuse,
        report=_refuse,
        # Pagers can start whatever one likes.
        page=_refuse,
    )


def _acts(action: str) -> bool:
    """Tell whether an action is one of those; `screen.` before it only says of what."""
    return action in _ACTIONS or action.partition(".")[2] in _ACTIONS


def _refuse(*_: object) -> NoReturn:
    raise UsageProblem(REFUSED)
