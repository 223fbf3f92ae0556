"""The build setup log: steps of the whole target, warnings, Buildx's own output."""

from __future__ import annotations

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.run.state import TargetState

# Of no step: the highest number that a line can have.
_NO_STEP = 65535
# Lines of one look, so that none takes long; the rest comes with the next.
_MOST = 5000


class OwnLog:
    """One log of all three; `lines` grows with every `catch_up`, again for a new attempt."""

    def __init__(self) -> None:
        self.lines = LogLines()
        self._of: LogLines | None = None
        self._read = 0
        self._texts = 0
        self._warnings = 0

    def lacks(self, target: TargetState) -> bool:
        """Return whether there is more to add."""
        return self._of is not target.log or self._read < len(target.log)

    def catch_up(self, target: TargetState) -> LogLines:
        """Add the target's new output, as much as one poll reads, and return all of it.

        Warnings and Buildx's own words come when all else has.
        """
        log = target.log
        if log is not self._of:
            self.lines, self._of = LogLines(), log
            self._read = self._texts = self._warnings = 0
        end = min(len(log), self._read + _MOST)
        for index in range(self._read, end):
            line = log[index]
            self.lines.add(line.text, step=line.step, stream=line.stream, at=line.at)
        self._read = end
        if end < len(log):
            return self.lines
        for short, url in list(target.warnings)[self._warnings :]:
            self._say(f"! {short}" + (f" · {url}" if url else ""), 0, target)
        self._warnings = len(target.warnings)
        if target.texts and not self._texts:
            self._say("▸ Buildx", 0, target)
        for text in target.texts[self._texts :]:
            self._say(text, 2, target)
        self._texts = len(target.texts)
        return self.lines

    def _say(self, text: str, stream: int, target: TargetState) -> None:
        self.lines.add(text, step=_NO_STEP, stream=stream, at=target.ended or 0.0)
