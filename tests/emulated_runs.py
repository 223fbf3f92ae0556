"""Runs with steps of given durations under an emulator."""

from __future__ import annotations

from datetime import UTC, datetime

from openhqm_tui.domain.buildkit.rawjson import SolveStatus, Vertex
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.run.events import RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState

SEVEN = Emulator(version="7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)")
ELEVEN = Emulator(version="11.1.2 (Debian 1:11.1.2+ds-3)")


def emulated_run(*seconds: tuple[float, float], emulator: Emulator | None = SEVEN) -> RunState:
    """A run of one target with steps from and to these seconds, the same on both platforms."""
    targets = (TargetInfo(name="web", variant="web", platforms=("linux/amd64", "linux/arm64")),)
    emulators = {"linux/arm64": emulator} if emulator else {}
    info = RunInfo(id="x", created=0, host="linux/amd64", targets=targets, emulators=emulators)
    run = RunState(info)
    start_of_run = 1_700_000_000

    def moment(offset: float) -> datetime:
        return datetime.fromtimestamp(start_of_run + offset, tz=UTC)

    vertexes = [
        Vertex(
            digest=f"sha256:{platform}{start}",
            name=f"[{platform} app {number}/9] RUN pip install {start}",
            started=moment(start),
            completed=moment(end),
        )
        for number, (start, end) in enumerate(seconds, 1)
        for platform in ("linux/amd64", "linux/arm64")
    ]
    run.apply_records("web", [SolveStatus(vertexes=vertexes)])
    return run
