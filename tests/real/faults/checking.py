"""Checking the planted faults with `openhqm-tui check`, as a user would."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.run.checks.lane import Documents, check_lane, index_of
from openhqm_tui.run.checks.layer_reader import LayerReader
from tests.real.conftest import Ran, docker, run_cli
from tests.real.faults.fault import BOTH, NATIVE, Fault
from tests.real.faults.images import image_of

GOOD = "good"
# On top of the bundled expectations: the Python version, a short wait for services that never
# respond, and no start of the service where the fault shows without it.
_ALL = """\
[targets.redis]
python = "3.13"
"""
_MODULES = f"""\
{_ALL}
service = false
"""
_SLOW = f"""\
{_ALL}
service = {{ within = 6, within-emulated = 24 }}
"""
_STILL = f"""\
{_ALL}
service = false
library = false
extensions = false
byte-code = false
"""
_BOTH = ",".join(BOTH)


class Answers(msgspec.Struct, frozen=True):
    """The verdicts on each image (a fault's name, or `good`) on each platform."""

    by_lane: dict[tuple[str, str], tuple[Verdict, ...]]
    outputs: tuple[Ran, ...] = ()
    new_volumes: tuple[str, ...] = ()

    def of(self, name: str, where: str) -> dict[str, Verdict]:
        """Return the verdicts of one lane by check; `where` is its platform."""
        return {verdict.check: verdict for verdict in self.by_lane[name, where]}

    def not_passed(self, name: str, where: str) -> dict[str, Answer]:
        """Return the checks of one lane that didn't pass, with their answers."""
        verdicts = self.of(name, where).values()
        return {v.check: v.answer for v in verdicts if v.answer is not Answer.PASS}


def check_faults(
    faults: Sequence[Fault], good: str, folder: Path, emulated: Collection[str] | None = None
) -> Answers:
    """Check all faults, and the good image they are made from, with `openhqm-tui check`.

    Only the faults in `emulated` are checked on the emulated platform too; without `emulated`, all
    are.
    """
    (folder / "slow.toml").write_text(_SLOW)
    (folder / "still.toml").write_text(_STILL)
    (folder / "modules.toml").write_text(_MODULES)
    (folder / "openhqm-checks.toml").write_text(_ALL)
    twisted = [fault for fault in faults if fault.check == "index"]
    rest = [fault for fault in faults if fault not in twisted]
    everywhere = {fault.name for fault in rest} if emulated is None else set(emulated)
    slow = [fault for fault in rest if fault.slow]
    still = [fault for fault in rest if not fault.runs and not fault.slow]
    running = [fault for fault in rest if fault.runs and not fault.slow]
    serving = [fault for fault in running if fault.check in {"service", "health-check"}]
    modules = [fault for fault in running if fault not in serving]

    def call(checks: str, platforms: str, images: Sequence[str]) -> list[Ran]:
        words = ("--variant", "redis", "--platforms", platforms, "--checks", checks)
        if not images:
            return []
        return [run_cli("check", *images, *words, "--format", "json", cwd=folder, state=folder)]

    def call_each(checks: str, chosen: Sequence[Fault], *more: str) -> list[Ran]:
        both = [image_of(fault) for fault in chosen if fault.name in everywhere]
        native = [image_of(fault) for fault in chosen if fault.name not in everywhere]
        return [*call(checks, _BOTH, [*more, *both]), *call(checks, NATIVE, native)]

    volumes = _volumes()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        # Those that only wait run concurrently at almost no cost.
        waiting = threads.submit(call_each, "slow.toml", slow)
        outputs = call_each("openhqm-checks.toml", serving, good)
        outputs += call_each("modules.toml", modules)
        outputs += call_each("still.toml", still)
        outputs += waiting.result()
    by_lane = asyncio.run(_by_index(twisted))
    for ran in outputs:
        assert ran.out, ran.err
        for record in ran.records:
            name = GOOD if record["image"] == good else record["image"].rpartition(":")[2]
            verdicts = msgspec.convert(record["verdicts"], tuple[Verdict, ...])
            by_lane[name, record["platform"]] = verdicts
    return Answers(by_lane, tuple(outputs), tuple(sorted(_volumes() - volumes)))


def _volumes() -> set[str]:
    """Return the anonymous volumes; builders have named ones."""
    return {name for name in docker("volume", "ls", "--quiet").split() if len(name) == 64}


async def _by_index(faults: Iterable[Fault]) -> dict[tuple[str, str], tuple[Verdict, ...]]:
    """Check as a build does, which expects an index of both platforms; `check` accepts any."""
    both = parse_platforms(_BOTH)
    answers = {}
    layers = LayerReader()
    for fault in faults:
        image = image_of(fault)
        digest, index = await index_of(image)
        documents = Documents(image, digest, index)
        for platform_ in both:
            expected = Expectation(platform=platform_, platforms=both, has_python=False)
            checked = await check_lane(
                image,
                expected,
                index,
                layers,
                documents=documents,
                emulated=False,
                run_id="faults",
                lane=fault.name,
            )
            answers[fault.name, str(platform_)] = checked.verdicts
    return answers
