"""The containers that run next to a service while it is checked, and share its loopback.

The first one owns the network namespace, which has no interface but loopback; the others and the
checked image join it. They have the limits of the checked image, and run natively.
An image is pulled at most once, never by the start of a container, and used by its digest from then
on.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from openhqm_tui.domain.checks.companion import Companion
from openhqm_tui.domain.checks.evidence import MEMORY_MB, ProbeAnswer, ProbeTrouble, SeenConfig
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.secrets.redact import MASK
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.containers import (
    ContainerState,
    last_line,
    owner_of,
    signal_container,
    state_of,
    succeeds_inside,
)
from openhqm_tui.engine.docker.images import (
    ImageUnknown,
    platforms_here,
    read_config,
    read_index,
)
from openhqm_tui.run.checks.pull import pull
from openhqm_tui.run.checks.sandbox import (
    NO_PROXIES,
    label_options,
    labels,
    limits,
    memory_volumes,
    remove,
    too_many_volumes,
)
from openhqm_tui.run.process import gather_all, run_bounded

# Seconds until a companion must be ready, once it is started.
READY_PATIENCE = 60.0
_START_PATIENCE = 120.0
_POLL_EVERY = 0.5
# For /tmp and each volume that an image declares. It counts as the companion's memory.
_VOLUME_MB = 128
# Its output is kept until it is removed: the end of it shows why it isn't ready.
_LOGS = (
    *("--log-driver", "local", "--log-opt", "max-size=1m"),
    *("--log-opt", "max-file=1", "--log-opt", "compress=false"),
)
# The signal at which the probe stops waiting.
_STOP_WAITING = "SIGUSR1"


class _Image(msgspec.Struct, frozen=True):
    """An image in the engine's store; `user` is what it is started as, '' its own."""

    digest: str
    platform: str
    config: SeenConfig
    user: str


class _Unavailable(Problem):
    """A companion can't be used; `str()` is the reason."""


class _Running(msgspec.Struct, frozen=True):
    """A companion that was started; `ports`: one of them must listen before the service starts."""

    name: str
    image: str
    ports: tuple[int, ...]


class Started:
    """The companions of one container; `trouble` says which of them can't be used, and why.

    `commands` are those that started them.
    """

    def __init__(self) -> None:
        self.running: list[_Running] = []
        self.commands: list[list[str]] = []
        self.trouble = ""

    @property
    def network(self) -> str:
        """The network of the next container."""
        return f"container:{self.running[0].name}" if self.running else "none"

    @property
    def wait(self) -> str:
        """What the probe waits for: seconds, and ports of each companion, alternatives with `|`."""
        ports = ["|".join(map(str, one.ports)) for one in self._awaited]
        return ",".join([f"{READY_PATIENCE:.0f}", *ports]) if self.running else ""

    @property
    def _awaited(self) -> list[_Running]:
        return [one for one in self.running if one.ports]

    async def remove(self) -> None:
        """Remove all of them."""
        await gather_all(*(remove(one.name) for one in self.running))
        self.running.clear()

    async def watch(self, container: str) -> None:
        """Make the probe in a container stop waiting as soon as a companion has ended."""
        while self.running:
            await asyncio.sleep(_POLL_EVERY)
            if await self.find_trouble():
                # Repeated, because a signal is lost while the probe is still starting.
                await asyncio.to_thread(signal_container, container, _STOP_WAITING)

    async def find_trouble(self, probe: ProbeAnswer | ProbeTrouble | None = None) -> str:
        """Return the trouble if one has ended by now, or wasn't ready when the probe gave up."""
        for one in self.running if not self.trouble else ():
            state = await asyncio.to_thread(state_of, one.name)
            if state is not None and not state.running:
                self.trouble = await _with_output(f"companion {one.image} {_end(state)}", one)
                return self.trouble
        if not self.trouble and isinstance(probe, ProbeAnswer):
            awaited = self._awaited
            for one in [awaited[index] for index in probe.unready if index < len(awaited)]:
                ports = " or ".join(f":{port}" for port in one.ports)
                why = f"companion {one.image} isn't ready: nothing listens on {ports}"
                self.trouble = await _with_output(f"{why} after {READY_PATIENCE:.0f} s", one)
                break
        return self.trouble


class Companions:
    """Starts companions; each image is looked up, and pulled, once.

    `host` is the engine's platform (None: unknown); `notify` gets a line about each image.
    """

    def __init__(
        self, host: Platform | None = None, notify: Callable[[str], object] = lambda _: None
    ) -> None:
        self._host = host
        self._notify = notify
        self._images: dict[str, _Image] = {}
        self._failures: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def forget_failures(self) -> None:
        """Look for missing images again."""
        self._failures.clear()

    @asynccontextmanager
    async def started(
        self, wanted: Sequence[Companion], container: str, run_id: str, until: float
    ) -> AsyncIterator[Started]:
        """Start companions for a container, and remove them at the end.

        If one can't be used, none is left, and `Started.trouble` says why.
        """
        started = Started()
        marks = labels(run_id, until)
        try:
            try:
                for number, companion in enumerate(wanted, 1):
                    name = f"{container}-with-{number}"
                    started.running.append(await self._start(companion, name, started, marks))
                for companion, one in zip(wanted, started.running, strict=True):
                    if isinstance(companion.ready, tuple) and companion.ready:
                        await _succeed(companion.ready, one)
                await started.find_trouble()
            except _Unavailable as error:
                started.trouble = str(error)
            if started.trouble:
                await started.remove()
            yield started
        finally:
            await started.remove()

    async def _start(
        self, companion: Companion, name: str, started: Started, marks: dict[str, str]
    ) -> _Running:
        image = await self._image(companion.image, name, marks)
        command = _command(companion, image, name, started.network, marks)
        started.commands.append(command)
        try:
            ended = await run_bounded(command, patience=_START_PATIENCE)
        except asyncio.CancelledError:
            await remove(name)
            raise
        if ended.code or ended.timed_out:
            await remove(name)
            output = (
                ended.err.decode("utf-8", "replace").strip()
                or f"timed out after {_START_PATIENCE:.0f} s"
            )
            why = one_line(output.splitlines()[0], 200)
            raise _Unavailable(f"companion {companion.image} can't be started: {why}")
        ports: tuple[int, ...] = (companion.ready,) if isinstance(companion.ready, int) else ()
        if companion.ready is None:
            ports = _tcp_ports(image.config)
        return _Running(name, companion.image, ports)

    async def _image(self, name: str, container: str, marks: dict[str, str]) -> _Image:
        """Return an image, pulled if need be; raises _Unavailable."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            if why := self._failures.get(name):
                raise _Unavailable(why)
            if name not in self._images:
                try:
                    self._images[name] = await self._find(name, f"{container}-image", marks)
                except ImageUnknown as error:
                    why = (
                        f"companion {name} isn't available: run `docker pull {name}`, specify "
                        # Last, because verdicts are cut.
                        f"another image in `service.with`, or use --no-companions ({error})"
                    )
                    self._failures[name] = why
                    raise _Unavailable(why) from error
            return self._images[name]

    async def _find(self, name: str, container: str, marks: dict[str, str]) -> _Image:
        if not (platform := await self._platform_here(name)):
            await self._pull(name)
            platform = await self._platform_here(name)
        digest, _ = await asyncio.to_thread(read_index, name)
        config = await asyncio.to_thread(read_config, digest, platform)
        if too_many := too_many_volumes(config.volumes):
            raise _Unavailable(f"companion {name} can't be used: {too_many}")
        self._notify(f"using companion image {name} ({digest})")
        user = ""
        if config.volumes and config.user.partition(":")[0] in {"", "0", "root"}:
            # Its entrypoint would switch to this user, which isn't allowed without capabilities.
            user = await asyncio.to_thread(
                owner_of,
                digest,
                config.volumes[0],
                platform=platform,
                name=container,
                labels=marks,
            )
        return _Image(digest, platform, config, user)

    async def _platform_here(self, name: str) -> str:
        """Return the platform of the image in the store that runs natively, or ''."""
        here = await asyncio.to_thread(platforms_here, name)
        return next((one for one in here if one == str(self._host)), "") or next(
            filter(self._runs_here, here), ""
        )

    async def _pull(self, name: str) -> None:
        self._notify(f"pulling companion image {name}")
        if self._host is None:
            raise ImageUnknown("not in the engine's store")
        if reason := await pull(name, str(self._host)):
            raise ImageUnknown(reason)

    def _runs_here(self, platform: str) -> bool:
        try:
            return self._host is None or parse_platform(platform).runs_natively_on(self._host)
        except UsageProblem:
            return False


def _command(
    companion: Companion, image: _Image, name: str, network: str, marks: dict[str, str]
) -> list[str]:
    env = [*NO_PROXIES, *(f"{name}={value}" for name, value in companion.env.items())]
    return [
        "docker", "run", "--detach", "--pull", "never", "--name", name, *label_options(marks),
        "--platform", image.platform, "--network", network,
        *limits(MEMORY_MB), *memory_volumes(image.config.volumes, _VOLUME_MB),
        *(("--user", image.user) if image.user else ()),
        *(word for setting in env for word in ("--env", setting)),
        *_LOGS, image.digest, *companion.command,
    ]  # fmt: skip


def shown_companion(command: list[str]) -> str:
    """Return the command that starts a companion, for a shell, without the values of variables."""
    words = [
        f"{word.partition('=')[0]}={MASK}" if before == "--env" and not word.endswith("=") else word
        for before, word in zip(["", *command], command, strict=False)
    ]
    return shlex.join(words)


def _tcp_ports(config: SeenConfig) -> tuple[int, ...]:
    """Return the TCP ports that an image exposes, if they are numbers."""
    spelled = [port.partition("/")[::2] for port in config.ports]
    return tuple(
        sorted(
            int(number)
            for number, kind in spelled
            if kind in {"", "tcp"} and number.isdecimal() and 0 < int(number) < 1 << 16
        )
    )


async def _succeed(command: Sequence[str], one: _Running) -> None:
    """Wait until a command succeeds inside a companion; raises _Unavailable."""
    end = time.monotonic() + READY_PATIENCE
    while not await asyncio.to_thread(succeeds_inside, one.name, command):
        state = await asyncio.to_thread(state_of, one.name)
        if state is not None and not state.running:
            return  # `find_trouble` reports it
        if time.monotonic() > end:
            text = one_line(shlex.join(command), 80)
            why = f"companion {one.image} isn't ready: `{text}` still fails"
            raise _Unavailable(await _with_output(f"{why} after {READY_PATIENCE:.0f} s", one))
        await asyncio.sleep(_POLL_EVERY)


def _end(state: ContainerState) -> str:
    if state.out_of_memory:
        return f"was killed: out of memory (limit {MEMORY_MB} MB)"
    return f"exited with code {state.exit_code}"


async def _with_output(why: str, one: _Running) -> str:
    line = await asyncio.to_thread(last_line, one.name)
    return f"{why}: {line}" if line else why
