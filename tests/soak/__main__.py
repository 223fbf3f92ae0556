"""`python -m tests.soak NAME [--times 20] [--seed S]`: rounds of faults, one line each.

NAME is `console`, `runner`, `two`, `equal` (a real engine, real processes), or `streams` (10,000
damaged streams, no engine). It exits with 1 if a round failed; the files of that round are kept.
`--lock FILE` is held during each round, so that others can use the engine in between.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.soak.material import KINDS
from tests.soak.place import Place, RoundFailed, TooLate
from tests.soak.rounds import ROUNDS, Expected, undisturbed

# How many times in a row a round may end before its fault, until that counts as a failure.
_TRIES = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("name", choices=(*ROUNDS, "streams"))
    parser.add_argument("--times", type=int, default=0, help="rounds (20; streams: 10,000)")
    parser.add_argument("--seed", default="", help="repeat the same random choices")
    parser.add_argument("--kind", choices=(*KINDS, "both"), default="both", help="what is built")
    parser.add_argument("--lock", type=Path, help="a file to lock during each round")
    options = parser.parse_args()
    seed = options.seed or secrets.token_hex(3)
    if options.name == "streams":
        from tests.soak.streams import explore

        return explore(options.times or 10_000, seed)
    kinds = tuple(KINDS) if options.kind == "both" else (options.kind,)
    return soak(options.name, options.times or 20, seed, kinds, options.lock)


def soak(name: str, times: int, seed: str, kinds: tuple[str, ...], lock: Path | None) -> int:
    home = Path(tempfile.mkdtemp(prefix=f"openhqm-tui-soak-{name}-"))
    report(f"{name}: {times} rounds, seed {seed}, in {home}")
    expected: Expected = {}
    for kind in kinds:
        try:
            with _turn(lock), _place(home, f"{seed}-undisturbed-{kind}") as place:
                expected[kind] = undisturbed(place, kind)
        except RoundFailed as failure:
            report(f"undisturbed {kind}: {failure}; its files are in {home}")
            return 1
        report(f"undisturbed {kind}: {len(expected[kind])} results")
    passed = 0
    for number in range(times):
        kind = kinds[number % len(kinds)]
        started = time.monotonic()
        try:
            summary = _round(name, home, f"{seed}-{number}", kind, expected, lock)
            verdict = "ok"
            passed += 1
        except RoundFailed as failure:
            verdict, summary = "FAILED", str(failure)
        took = time.monotonic() - started
        report(f"{number + 1:3}/{times} {verdict} {kind}: {summary} ({took:.0f} s)")
    report(f"{name}: {passed} of {times} rounds passed (seed {seed})")
    if passed == times:
        shutil.rmtree(home)
    else:
        report(f"the files of the others are in {home}")
    return 0 if passed == times else 1


def _round(
    name: str, home: Path, seed: str, kind: str, expected: Expected, lock: Path | None
) -> str:
    for attempt in range(_TRIES):
        with (
            contextlib.suppress(TooLate),
            _turn(lock),
            _place(home, f"{seed}-{attempt}" if attempt else seed) as place,
        ):
            return ROUNDS[name](place, kind, expected)
    raise RoundFailed(f"finished before the fault, {_TRIES} times")


@contextlib.contextmanager
def _place(home: Path, seed: str) -> Iterator[Place]:
    place = Place(home / seed, seed)
    try:
        yield place
    except RoundFailed:
        place.close()
        raise
    except BaseException:
        place.close()
        shutil.rmtree(place.path, ignore_errors=True)
        raise
    place.close()
    shutil.rmtree(place.path)


@contextlib.contextmanager
def _turn(lock: Path | None) -> Iterator[None]:
    if lock is None:
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def report(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
