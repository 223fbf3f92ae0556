"""The image's own command, started and monitored inside its container (part of the probe).

The text of `probe.py`, which describes all parts, is appended to this text. The command gets its
own process group, no stdin, and this process's environment and folder; the end of its output is
kept. Loopback is the only network.

A service passes if it responds, still responds a moment later, and its processes have not ended
meanwhile; then the image's health check is executed once. Supervisors kill workers that take too
long to start, so under emulation all of this is repeated once no process has ended for some seconds
(`calm`). The check gives up early if the service reports repeatedly that a peer isn't there, or if
its processes keep ending and restarting.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from openhqm_tui.domain.checks.peers import complaints
    from openhqm_tui.run.checks.probe_system import (
        OOM_KILLS,
        REFUSED_FORKS,
        Tree,
        counted,
        listeners,
    )

# Seconds between the first good response and the second request, and from its response to the end.
MOMENT = 1.0
SETTLE = 0.3
# Seconds from the first complaint about a peer, or the first end of a process, to giving up.
GRACE = 3.0
# How often the observation is repeated because a process was restarted.
MOST_REPEATS = 3
# Seconds after which a complaint is a new one: many programs print theirs several times.
APART = 0.5
# With less than this share of one processor, the processes are only waiting.
IDLE = 0.3
# Bytes of output that are kept, and lines about peers.
MOST_OUTPUT = 8000
MOST_COMPLAINTS = 12


def run(command: "list[str]", output: int) -> None:
    """Become a command of the image, or print why that failed."""
    # The signal module itself costs an enum or two.
    signal = __import__("_signal")
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Python ignores these signals, and that would be inherited.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        # If memory runs out, this command is killed, not the process that reports it.
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass
    first = command[0]
    places = [""] if "/" in first else os.environ.get("PATH", "/bin:/usr/bin").split(":")
    reason = "No such file or directory"
    for place in places:
        try:
            os.execv(os.path.join(place, first), command)  # noqa: S606 - no shell is wanted
        except OSError as error:
            reason = reason if error.errno in (2, 20) else str(error.strerror)
    os.write(2, f"{first}: {reason}".encode("utf-8", "replace"))


def kill(how: "Callable[[int, int], object]", pid: int) -> None:
    """Kill a process or a group that may have ended."""
    try:
        how(pid, 9)
    except OSError:
        return


class Command:
    """A command of the image, and the end of its output."""

    def __init__(self, command: "list[str]") -> None:
        self.text = b""
        self.output, theirs = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                run(command or ["a command"], theirs)
            finally:
                os._exit(127)
        os.close(theirs)
        os.set_blocking(self.output, False)

    def read(self) -> bytes:
        """Return what it printed since the last time, up to 64 KB."""
        if self.output < 0:
            return b""
        try:
            piece = os.read(self.output, 65536)
        except BlockingIOError:
            return b""
        self.text = (self.text + piece)[-2 * MOST_OUTPUT :]
        if not piece:
            os.close(self.output)
            self.output = -1
        return piece

    def kill(self) -> None:
        """Kill it, and its process group once it has become the leader of one."""
        kill(os.killpg, self.pid)
        kill(os.kill, self.pid)

    def words(self, most: int = MOST_OUTPUT) -> str:
        """Return the end of its output."""
        return self.text[-most:].decode("utf-8", "replace")


class HealthCheck:
    """The image's health check, executed once."""

    def __init__(self, command: "list[str]", seconds: float, now: float) -> None:
        self.command, self.begun, self.until = Command(command), now, now + seconds
        self.result: "dict[str, Any] | None" = None

    def update(self, ended: "dict[int, int]", now: float) -> None:
        """Record how it ended, or kill it if its time is up."""
        if self.result is not None:
            return
        self.command.read()
        status = ended.get(self.command.pid)
        if status is None and now < self.until:
            return
        if status is None:
            self.command.kill()
        self.command.read()
        self.result = {
            "milliseconds": int((now - self.begun) * 1000),
            "timed_out": status is None,
            "signal": (status or 0) & 127,
            "exit_code": (status or 0) >> 8,
            "words": self.command.words(1000),
        }


class Service:
    """The running command of the image, and its responses over HTTP."""

    def __init__(
        self, asked: str, command: "list[str]", health: "list[str]", patience: float
    ) -> None:
        from select import POLLIN, poll
        from time import monotonic, process_time

        number, status, seconds, calm, listen, self.path = asked.split(",", 5)
        self.port, self.status = int(number), int(status)
        self.seconds, self.calm, self.repeats = float(seconds), float(calm), 0
        self.unix = listen[5:] if listen[:5] == "unix:" else ""
        self.clock, self.cpu_clock = monotonic, process_time
        self.poll, self.readable = poll, POLLIN
        self.health_command, self.health_seconds = health, patience
        self.health: "HealthCheck | None" = None
        self.result: "dict[str, Any]" = {}
        # What companions listen on.
        self.before = {port for _, port in listeners()}
        self.begun = self.next_try = monotonic()
        self.reply = b""
        self.socket: "Any" = None
        self.tries_since = self.wrong_since = self.answered = self.again = self.listen_from = 0.0
        self.tree, self.next_look, self.restarts = Tree(), 0.0, 0
        self.first_end, self.last_end, self.ends = 0.0, 0.0, 0
        self.busy: "list[tuple[float, int]]" = []
        self.lines: "list[str]" = []
        self.partial = b""
        # When each peer was missed first, and again after that.
        self.missed: "dict[tuple[str, int], tuple[float, float]]" = {}
        self.process = Command(command)
        self.pid = self.process.pid

    def look(self, also: "list[int]", seconds: float, skipped: "set[int]") -> bool:
        """Wait up to `seconds` for an event; return whether the result is final."""
        poll = self.poll()
        files = [*also, self.socket.fileno()] if self.socket else also
        if self.process.output >= 0 and self.clock() >= self.listen_from:
            files = [*files, self.process.output]
        for file in files:
            poll.register(file, self.readable)
        happened = [file for file, _ in poll.poll(int(seconds * 1000) or 1)]
        now = self.clock()
        if self.process.output in happened and self.hear(now) == 65536:
            # Endless output: not reading it slows the command down.
            self.listen_from = now + seconds
        if self.socket and self.socket.fileno() in happened:
            self.read(now)
        elif not self.socket and not self.again and now >= self.next_try:
            self.try_now(now)
            self.next_try = max(self.next_try, now + seconds)
        looked = now >= self.next_look
        if looked:
            self.look_at_processes(now, skipped)
        if self.answered:
            return self.has_lasted(now, skipped)
        if now - self.begun > self.seconds or (looked and self.is_hopeless(now)):
            return True
        if self.result.get("status", 0) or "reply" in self.result:
            self.wrong_since = self.wrong_since or now
        # A starting service may return 503 for a while; after this time it is the final response.
        return bool(self.wrong_since) and now - self.wrong_since > self.seconds / 4

    def has_lasted(self, now: float, skipped: "set[int]") -> bool:
        """Return whether it was watched for long enough after its first good response."""
        if not self.again:
            if now - self.answered > MOMENT + max(self.seconds / 12, 1):
                self.result["later"], self.again = 0, now
            return False
        checked = self.health is None or self.health.result is not None
        if not checked or now - self.again <= (self.calm / 5 if self.repeats else SETTLE):
            return False
        self.look_at_processes(now, skipped)
        self.result["looping"] = self.tree.is_looping()
        if self.tree.restarts() == self.restarts or not self.can_repeat(now):
            return True
        if now - self.last_end > self.calm:
            self.repeats += 1
            self.observe(now, now)
        return False

    def can_repeat(self, now: float) -> bool:
        """Return whether its processes may still last if they are given the time."""
        in_time = now - self.begun + self.calm < self.seconds
        again = self.calm > 0 and self.repeats < MOST_REPEATS
        return again and in_time and not self.result["looping"]

    def observe(self, now: float, next_try: float) -> None:
        """Watch from now on whether it lasts, with another request at a time."""
        self.answered, self.again, self.next_try = now, 0.0, next_try
        # From now on, its processes must last: they are noted at once.
        self.next_look = now
        self.restarts = self.tree.restarts()
        if self.health_command:
            self.health = HealthCheck(self.health_command, self.health_seconds, now)

    def is_hopeless(self, now: float) -> bool:
        """Return whether it won't respond: a peer is missing, or its processes keep restarting."""
        if self.first_end and now - self.first_end > GRACE and self.tree.is_looping():
            self.result["looping"] = True
            return True
        if not self.missed:
            return False
        used = self.busy[-1][1] - self.busy[0][1] if self.busy else 0
        spent = now - self.busy[0][0] if self.busy else 0.0
        idle = spent > GRACE / 2 and used < IDLE * spent * os.sysconf("SC_CLK_TCK")
        present = [port for _, port in listeners()]
        for (host, port), (first, again) in self.missed.items():
            if now - first < GRACE or (host == "localhost" and port in [self.port, *present]):
                continue
            if self.first_end > first - 1 and (idle or self.tree.restarts()):
                return True
            # Something busy may be about to start the peer itself.
            if again and (idle or now - again > self.seconds / 6):
                return True
            if idle and now - first > 3 * GRACE:
                return True
        return False

    def look_at_processes(self, now: float, skipped: "set[int]") -> None:
        """Record which processes have ended and were restarted, and their CPU time."""
        begun = self.cpu_clock()
        self.tree.update(skipped)
        if self.tree.ends() != self.ends:
            self.first_end, self.last_end = self.first_end or now, now
            self.ends = self.tree.ends()
        self.busy.append((now, self.tree.ticks))
        while now - self.busy[0][0] > GRACE:
            self.busy.pop(0)
        # At most a twentieth of the time is spent on it. This is CPU time: by the clock, a busy
        # machine would look so rarely that it misses restarts.
        self.next_look = now + max(0.05, 20 * (self.cpu_clock() - begun))

    def hear(self, now: float) -> int:
        """Keep the end of its output and its complaints about peers; return the bytes read."""
        piece = self.process.read()
        whole, _, self.partial = (self.partial + piece).rpartition(b"\n")
        self.partial = self.partial[-MOST_OUTPUT:]
        if not piece:
            whole, self.partial = self.partial, b""
        for _, host, port, line in complaints(whole[-4 * MOST_OUTPUT :].decode("utf-8", "replace")):
            if line in self.lines:
                self.lines.remove(line)
            self.lines = [*self.lines, line][-MOST_COMPLAINTS:]
            first, again = self.missed.get((host, port), (now, 0.0))
            self.missed[host, port] = (first, again or (now if now - first > APART else 0.0))
        return len(piece)

    def try_now(self, now: float) -> None:
        """Send the request if the command listens by now."""
        from _socket import AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, socket

        if self.unix:
            places: "list[tuple[Any, Any]]" = [(AF_UNIX, self.unix)]
        else:
            places = [(AF_INET, ("127.0.0.1", self.port))]
            if self.tries_since and now - self.tries_since > 1:
                # It may listen on the loopback address of IPv6 alone, or on another of IPv4.
                heard = [address for address, port in listeners() if port == self.port]
                if heard and "0.0.0.0" not in heard:  # noqa: S104
                    v4 = [(AF_INET, (one, self.port)) for one in heard if ":" not in one]
                    places += v4 or [(AF_INET6, ("::1", self.port))]
        self.tries_since = self.tries_since or now
        connection: "Any" = None
        for family, place in places:
            connection = socket(family, SOCK_STREAM)
            connection.settimeout(1)
            try:
                connection.connect(place)
                host = "localhost" if self.unix else f"127.0.0.1:{self.port}"
                request = f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close"
                connection.send(f"{request}\r\n\r\n".encode())
                break
            except OSError:
                connection.close()
                connection = None
        if connection is None:
            if self.answered and not self.again:
                self.result["later"], self.again = 0, now
            return
        self.result["listens"] = True
        self.socket, self.reply = connection, b""

    def read(self, now: float) -> None:
        """Read the status line of the response, as far as it was received."""
        try:
            piece = self.socket.recv(256)
        except OSError:
            piece = b""
        self.reply += piece
        first = self.reply.split(b" ", 2)
        status = 0
        if len(first) == 3 and first[0][:5] == b"HTTP/" and first[1].isdigit():
            status = int(first[1][:4])
        elif piece and len(self.reply) < 64:
            return
        elif self.reply and not self.answered:
            self.result["reply"] = self.reply[:64].decode("utf-8", "replace")
        self.socket.close()
        self.socket = None
        if self.answered:
            if not self.again:
                self.result["later"], self.again = status, now
            return
        if status:
            self.result["status"] = status
        if status == self.status:
            self.result["milliseconds"] = int((now - self.begun) * 1000)
            self.observe(now, now + MOMENT)

    def update(self, ended: "dict[int, int]") -> None:
        """Record which processes of this one have ended."""
        if self.health:
            self.health.update(ended, self.clock())

    def end(self, status: "int | None", skipped: "set[int]") -> "dict[str, Any]":
        """End it and return everything that was seen; `status` is how it ended by itself."""
        result = self.result
        result.setdefault("milliseconds", int((self.clock() - self.begun) * 1000))
        result["ended"] = status is not None
        if self.health and self.health.result is None:
            self.health.command.kill()
        self.tree.update(skipped)
        for _ in range(10 if status is not None else 0):
            # Helpers of a process that has just ended take a moment to notice.
            if not self.tree.alive:
                break
            self.poll().poll(20)
            self.tree.update(skipped)
        if self.answered:
            result["restarts"] = self.tree.restarts() - self.restarts
        else:
            result["restarts"] = self.tree.restarts()
        result["watched_milliseconds"] = int((self.clock() - self.begun) * 1000)
        result["left"] = len(self.tree.alive)
        present = {(address, port) for address, port in listeners()}
        own = {port for _, port in present if port not in self.before and port != self.port}
        result["before"], result["own_ports"] = sorted(self.before)[:64], sorted(own)[:64]
        result["addresses"] = sorted(address for address, port in present if port == self.port)[:16]
        if status is not None:
            result["signal"], result["exit_code"] = status & 127, status >> 8
        else:
            self.process.kill()
            used = os.wait4(self.pid, 0)[2]
            # Running children of the command count too, which it hasn't waited for.
            tree = self.tree.ticks / os.sysconf("SC_CLK_TCK")
            result["cpu_milliseconds"] = int(max(used.ru_utime + used.ru_stime, tree) * 1000)
        for pid in self.tree.alive:
            kill(os.kill, pid)
        for _ in range(16):
            if self.hear(self.clock()) < 65536:
                break
        result["out_of_memory"] = counted(OOM_KILLS, "oom_kill")
        result["refused_forks"] = counted(REFUSED_FORKS, "max")
        result["complaints"] = [line[:300] for line in self.lines]
        result["words"] = self.process.words()
        return result
