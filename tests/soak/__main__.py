"""`python -m tests.soak NAME [--times 20] [--seed S]`: rounds of bad luck, one line each.

NAME is `console`, `runner`, `two`, `equal` (a real engine, real processes), or `streams` (10,000
damaged streams, no engine). It ends with 1 where a round broke its promise; what that round left
is kept for looking. `--lock FILE` is held for each round, so that others can use the engine too.
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
from tests.soak.place import Broken, Place, TooLate
from tests.soak.rounds import ROUNDS, Expected, undisturbed

# How often a round may be over before the blow falls, until that is said to be a defect.
_TRIES = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("name", choices=(*ROUNDS, "streams"))
    parser.add_argument("--times", type=int, default=0, help="rounds (20; streams: 10,000)")
    parser.add_argument("--seed", default="", help="repeat what was left to chance")
    parser.add_argument("--kind", choices=(*KINDS, "both"), default="both", help="what is built")
    parser.add_argument("--lock", type=Path, help="a file to hold for each round")
    asked = parser.parse_args()
    seed = asked.seed or secrets.token_hex(3)
    if asked.name == "streams":
        from tests.soak.streams import explore

        return explore(asked.times or 10_000, seed)
    kinds = tuple(KINDS) if asked.kind == "both" else (asked.kind,)
    return soak(asked.name, asked.times or 20, seed, kinds, asked.lock)


def soak(name: str, times: int, seed: str, kinds: tuple[str, ...], lock: Path | None) -> int:
    home = Path(tempfile.mkdtemp(prefix=f"openhqm-tui-soak-{name}-"))
    say(f"{name}: {times} rounds, seed {seed}, in {home}")
    expected: Expected = {}
    for kind in kinds:
        try:
            with _turn(lock), _place(home, f"{seed}-undisturbed-{kind}") as place:
                expected[kind] = undisturbed(place, kind)
        except Broken as broken:
            say(f"undisturbed {kind}: {broken}; it is in {home}")
            return 1
        say(f"undisturbed {kind}: {len(expected[kind])} results")
    kept = 0
    for number in range(times):
        kind = kinds[number % len(kinds)]
        began = time.monotonic()
        try:
            words = _round(name, home, f"{seed}-{number}", kind, expected, lock)
            verdict = "kept"
            kept += 1
        except Broken as broken:
            verdict, words = "BROKEN", str(broken)
        took = time.monotonic() - began
        say(f"{number + 1:3}/{times} {verdict} {kind}: {words} ({took:.0f} s)")
    say(f"{name}: {kept} of {times} rounds kept their promise (seed {seed})")
    if kept == times:
        shutil.rmtree(home)
    else:
        say(f"what the others left is in {home}")
    return 0 if kept == times else 1


def _round(
    name: str, home: Path, seed: str, kind: str, expected: Expected, lock: Path | None
) -> str:
    for again in range(_TRIES):
        with (
            contextlib.suppress(TooLate),
            _turn(lock),
            _place(home, f"{seed}-{again}" if again else seed) as place,
        ):
            return ROUNDS[name](place, kind, expected)
    raise Broken(f"over before the blow, {_TRIES} times")


@contextlib.contextmanager
def _place(home: Path, seed: str) -> Iterator[Place]:
    place = Place(home / seed, seed)
    try:
        yield place
    except Broken:
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


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
