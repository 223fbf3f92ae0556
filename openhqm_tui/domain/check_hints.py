"""What to do about an answer that is no pass, in one line for each kind of it."""

from __future__ import annotations

from openhqm_tui.domain.emulators import Emulator, crash_hint
from openhqm_tui.domain.verdicts import Answer, Verdict

_HINTS: dict[str, str] = {
    "index": "Build just the platforms that are asked for (--platforms), each of them.",
    "architecture": "The config names another platform than was built: a final stage must not be "
    "pinned with FROM --platform, nor its base be another platform's.",
    "labels": "Set it with LABEL in the final stage, from a build argument where it varies.",
    "env": "Set it with ENV in the final stage: those of other stages stay behind.",
    "health-check": "Give the final stage a HEALTHCHECK, and see that no base has NONE.",
    "command": 'Set it with CMD in the final stage, as a list: ["python", "-m", …].',
    "binaries": "A file of another machine, as a wheel resolved for the build platform: install "
    "with --python-platform and --only-binary :all:, and pin no $BUILDPLATFORM on the final stage.",
    "setuid": "Take the bit off (chmod u-s,g-s) in the layer that brings the file, or say that it "
    'is right there: allow = {setuid = ["/path"]} in openhqm-checks.toml.',
    "compilers": "Compile in a stage of its own and copy the result: COPY --from=build.",
    "caches": "Keep caches out of layers: RUN --mount=type=cache, pip --no-cache-dir, "
    "rm -rf /var/lib/apt/lists/* in the same RUN.",
    "secrets": "A layer keeps what a later one deletes, so it counts as given away: change the "
    "secret, and pass the new one with RUN --mount=type=secret.",
    "size": "See which layer grew (docker history), and leave out what no run reads; or raise "
    "max-mb in openhqm-checks.toml.",
    "machine": "It runs on another machine than its platform's: its userland is of the wrong one.",
    "python": "Another Python than asked for: see the FROM of the final stage, and PATH.",
    "library": "The base lacks what this module needs: take another base, or add its package.",
    "extensions": "Compiled for another machine or Python: install in a stage of the same Python, "
    "with --python-platform for the target's machine.",
    "byte-code": "Compile when you build (python -m compileall, uv --compile-bytecode): a start "
    "that may not write compiles everything each time.",
    "clients": "Install the variant's own requirements file in its final stage.",
    "absent": "Another variant's client came along: see what requires it, and split requirements.",
    "user": "Set USER in the final stage, by number: USER 1000:1000.",
    "service": "Run it to see: docker run --rm --read-only --tmpfs /tmp IMAGE. It must listen on "
    "the port that is asked, write nowhere but /tmp, and answer in time.",
}
# Told by the words of an answer, whichever check gave it.
_SIGNS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("exec format error", "no emulator for this platform"),
        "This platform has no emulator here: `openhqm-tui doctor --fix` enables it.",
    ),
    (("no space left on device",), "The disk is full: `docker buildx prune` frees the cache."),
)
_CRASH_SIGNS = ("uncaught target signal", "the emulator crashed", "exit code 139")
_EMULATED = (
    "It was asked under an emulator, which may be to blame: a newer QEMU or a native node can tell."
)


def hint_of(verdict: Verdict, emulator: Emulator | None = None) -> str:
    """Return what usually helps against an answer; '' against a pass.

    `emulator` is what ran the image, where one did and it is known.
    What is unknown was not asked, so nothing is wrong with the image that could be mended.
    """
    if verdict.answer is Answer.PASS:
        return ""
    seen = verdict.evidence.lower()
    for words, hint in _SIGNS:
        if any(word in seen for word in words):
            return hint
    if any(sign in seen for sign in _CRASH_SIGNS):
        return crash_hint(emulator)
    if verdict.answer is Answer.UNKNOWN:
        return _EMULATED if verdict.how == "emulated" else ""
    return _HINTS.get(verdict.check, "")
