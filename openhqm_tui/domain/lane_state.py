"""One lane of a run: its steps, its log, its image, its verdicts; folded by RunState."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhqm_tui.domain import journal
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.journal import Layer, Outcome
from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.nodes import Node, worth_telling
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.step_state import StepState
from openhqm_tui.domain.steps import How, how_built
from openhqm_tui.domain.verdicts import Answer, Verdict, worst

if TYPE_CHECKING:
    from openhqm_tui.domain.state import TargetState


class LaneState:
    """One target on one platform: its steps, its log, its verdicts."""

    def __init__(self, target: TargetState, platform: Platform) -> None:
        self.target = target
        self.platform = platform
        self.steps: list[StepState] = []
        self.log = LogLines(target.run.shown)
        self.check_started: float | None = None
        self.check_ended: float | None = None
        # What is being asked now: None nothing, '' every question, else the one.
        self.asking: str | None = None
        self.check_cut = False
        # When its first checks were over: asking again later is no part of the build's time.
        self.done_at: float | None = None
        self.emulated: bool | None = None
        self.verdicts: tuple[Verdict, ...] = ()
        self.digest = ""
        self.content_size = 0
        self.unpacked_size = 0
        self.layers: tuple[Layer, ...] = ()
        self._before: tuple[float | None, float | None, bool | None] = (None, None, None)

    @property
    def key(self) -> tuple[str, str]:
        """Name the lane: target and platform."""
        return self.target.name, str(self.platform)

    @property
    def emulator(self) -> Emulator | None:
        """What runs this platform's programs; None where they run natively or it isn't known."""
        return self.target.run.info.emulators.get(str(self.platform))

    @property
    def status(self) -> Status:
        """Where this lane stands: through its build, then its checks."""
        target = self.target
        if target.started is None and target.outcome is None:
            return Status.WAITING if target.run.goes_on else Status.CANCELLED
        if target.outcome is Outcome.FAILED:
            steps = {step.status for step in self.steps}
            stopped = Status.FAILED not in steps and target.failed_step is not None
            return Status.CANCELLED if stopped else Status.FAILED
        if target.outcome is Outcome.CANCELLED:
            return Status.CANCELLED
        if self.check_ended is not None:
            worst_answer = worst(self.verdicts)
            if worst_answer is Answer.FAIL:
                return Status.FAILED
            return Status.UNKNOWN if worst_answer is Answer.UNKNOWN else Status.PASSED
        if self.check_started is not None:
            return Status.CHECKING if target.run.goes_on else Status.CANCELLED
        if target.outcome is Outcome.PASSED:
            if not target.run.info.check:
                return Status.DONE
            over = self.check_cut or not target.run.goes_on
            return Status.CANCELLED if over else Status.CHECKING
        return Status.RUNNING if target.run.goes_on else Status.CANCELLED

    @property
    def has_image(self) -> bool:
        """Tell whether there is an image that can be asked."""
        return self.target.outcome is Outcome.PASSED or bool(self.target.digest)

    @property
    def node(self) -> Node | None:
        """On which node of the builder it is built; None where that isn't known."""
        return self.target.nodes.node_of(self.platform)

    @property
    def node_name(self) -> str:
        """The name of its node, '' where it says nothing: the engine itself builds."""
        info = self.target.run.info
        told = self.node is not None and worth_telling(info.nodes, info.driver)
        return self.node.name if told and self.node is not None else ""

    @property
    def how(self) -> How | None:
        """Tell how it is built, seen from its node; None where nobody can say yet."""
        native = self.target.nodes.native_of(self.platform)
        return how_built((step.how for step in self.steps), self.platform, native)

    def step_counts(self) -> tuple[int, int]:
        """Return how many of the known steps are over, and how many are known."""
        return sum(step.status.is_over for step in self.steps), len(self.steps)

    def ask(self, event: journal.CheckStarted) -> None:
        """Fold in that questions are put; old answers stand until there are new ones."""
        self._before = self.check_started, self.check_ended, self.emulated
        self.check_started, self.check_ended = event.at, None
        self.asking, self.check_cut, self.emulated = event.check, False, event.emulated

    def answer(self, event: journal.LaneChecked) -> None:
        """Fold in the answers."""
        self.check_ended, self.verdicts, self.emulated = event.at, event.verdicts, event.emulated
        self.asking, self.check_cut = None, False
        self.done_at = event.at if self.done_at is None else self.done_at

    def cut_off(self) -> None:
        """Fold in that there is no answer: what was known before is known still."""
        if self.asking is not None:
            self.check_started, self.check_ended, self.emulated = self._before
        self.asking, self.check_cut = None, self.check_ended is None
