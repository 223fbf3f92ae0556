"""A read-only console, for visitors with a browser and for wall displays."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from typing import Any, ClassVar, NoReturn

from textual.actions import ActionParseResult
from textual.dom import DOMNode

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.command_table import every_command
from openhqm_tui.tui.core.backend import Backend, Say

REFUSED = "not available: this console is read-only"
_ACTIONS = frozenset(command.action for command in every_command() if command.acts)


class ReadOnlyBackend(Backend):
    """A backend that reads everything and changes nothing.

    Buttons and dialogs call it without going through a command.
    """

    read_only: ClassVar[bool] = True

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UsageProblem(REFUSED)

    # A pager can start any program.
    start = remember_allowed = ask = create_builder = remove_builder = report = page = _refuse

    def remember_run_view(self, view: str) -> None:
        """Leave the view that the next console starts with to its owner."""

    def apply_fix(self, _fix: Fix, say: Say, _stop: Event) -> bool:
        """Refuse to run a fix."""
        say(REFUSED)
        return False

    def look_for(self, image: str, platforms: tuple[Platform, ...], driver: str) -> Pullable:
        """Look up only the configured image, so that visitors can't make us contact other hosts."""
        if image in {"", self.defaults.base_image}:
            return super().look_for(image, platforms, driver)
        return Pullable(Reach.OTHER, REFUSED)


class ReadOnlyApp(ConsoleApp):
    """A console that refuses the commands that act."""

    def __init__(self, backend: ReadOnlyBackend, **options: Any) -> None:
        super().__init__(backend, **options)

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """Gray out the commands that act."""
        state = super()._check_action_state(action, default_namespace)
        return None if state and _acts(action) else state

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action unless it acts; then notify that it is refused."""
        if isinstance(action, str) and _acts(action):
            self.notify(REFUSED, severity="warning", markup=False, timeout=5)
            return True
        return await super().run_action(action, default_namespace, namespaces)


def _acts(action: str) -> bool:
    """Return whether an action changes anything; its name may have a prefix such as `screen.`."""
    return action in _ACTIONS or action.partition(".")[2] in _ACTIONS
