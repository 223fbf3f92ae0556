"""What a build says outside of its lanes: steps of the whole target, and Buildx's own words."""

from __future__ import annotations

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.state import TargetState

# Of no step: the highest number that a line can have.
_NO_STEP = 65535
# More than a target ever says at once; the rest comes with the next look.
_MOST = 5000


class OwnLog:
    """One log of both; `lines` grows with every `catch_up`, and begins anew with an attempt."""

    def __init__(self) -> None:
        self.lines = LogLines()
        self._of: LogLines | None = None
        self._read = 0
        self._texts = 0

    def catch_up(self, target: TargetState) -> LogLines:
        """Add what the target has said since, and return all of it."""
        log = target.log
        if log is not self._of:
            self.lines, self._of = LogLines(), log
            self._read = self._texts = 0
        end = min(len(log), self._read + _MOST)
        for index in range(self._read, end):
            line = log[index]
            self.lines.add(line.text, step=line.step, stream=line.stream, at=line.at)
        self._read = end
        if target.texts and not self._texts:
            self.lines.add("▸ Buildx", step=_NO_STEP, at=target.ended or 0.0)
        for text in target.texts[self._texts :]:
            self.lines.add(text, step=_NO_STEP, stream=2, at=target.ended or 0.0)
        self._texts = len(target.texts)
        return self.lines
