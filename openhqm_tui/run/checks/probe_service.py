"""The image's own command, started and monitored inside its container (part of the probe).

The text of `probe.py`, which describes both, is appended to this text. The command gets its own
process group, no stdin, and this process's environment and folder; the end of its output is kept.
Loopback is the only network.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where the kernel counts, in control groups of version 2 and 1.
OOM_KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
REFUSED_FORKS = ("/sys/fs/cgroup/pids.events", "/sys/fs/cgroup/pids/pids.events")


def counted(files: "tuple[str, ...]", word: str) -> int:
    """Return the number after `word` in the first of a control group's files that exists."""
    for name in files:
        try:
            file = os.open(name, os.O_RDONLY)
        except OSError:
            continue
        words = os.read(file, 4096).decode("ascii", "replace").split()
        os.close(file)
        if word in words[:-1]:
            return int(words[words.index(word) + 1])
    return 0


def run(command: "list[str]", output: int) -> None:
    """Become the image's own command, or print why that failed."""
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


class Service:
    """The running command of the image, and its response over HTTP."""

    def __init__(self, asked: str, command: "list[str]") -> None:
        from select import POLLIN, poll
        from time import monotonic

        port, status, seconds, self.path = asked.split(",", 3)
        self.port, self.status, self.seconds = int(port), int(status), float(seconds)
        self.clock, self.poll, self.readable = monotonic, poll, POLLIN
        self.begun = self.next_try = monotonic()
        self.wrong_since = 0.0
        self.words = self.reply = b""
        self.socket: "Any" = None
        self.result: "dict[str, Any]" = {}
        self.listen_from = 0.0
        self.output, theirs = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                run(command or ["a command"], theirs)
            finally:
                os._exit(127)
        os.close(theirs)
        os.set_blocking(self.output, False)

    def look(self, also: "list[int]", seconds: float) -> bool:
        """Wait up to `seconds` for an event; tell whether the result is final."""
        poll = self.poll()
        files = [*also, self.socket.fileno()] if self.socket else also
        if self.output >= 0 and self.clock() >= self.listen_from:
            files = [*files, self.output]
        for file in files:
            poll.register(file, self.readable)
        happened = [file for file, _ in poll.poll(int(seconds * 1000) or 1)]
        now = self.clock()
        if self.output in happened and self.hear() == 65536:
            # Endless output: not reading it slows the command down.
            self.listen_from = now + seconds
        if self.socket and self.socket.fileno() in happened:
            self.read()
        elif not self.socket and now >= self.next_try:
            self.try_now()
            self.next_try = now + seconds
        status = self.result.get("status", 0)
        if status == self.status or now - self.begun > self.seconds:
            return True
        if status or "reply" in self.result:
            self.wrong_since = self.wrong_since or now
        # A starting service may return 503 for a while; after this time it is the final response.
        return bool(self.wrong_since) and now - self.wrong_since > self.seconds / 4

    def hear(self) -> int:
        """Keep the end of its output; return the number of bytes read."""
        try:
            piece = os.read(self.output, 65536)
        except BlockingIOError:
            return 0
        self.words = (self.words + piece)[-4096:]
        if not piece:
            os.close(self.output)
            self.output = -1
        return len(piece)

    def try_now(self) -> None:
        """Send the request, if the command listens by now."""
        from _socket import AF_INET, SOCK_STREAM, socket

        connection = socket(AF_INET, SOCK_STREAM)
        connection.settimeout(1)
        host = f"127.0.0.1:{self.port}"
        try:
            connection.connect(("127.0.0.1", self.port))
            connection.send(
                f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
            )
        except OSError:
            connection.close()
            return
        self.result["listens"] = True
        self.socket, self.reply = connection, b""

    def read(self) -> None:
        """Read the status line of the response, as far as it was received."""
        try:
            piece = self.socket.recv(256)
        except OSError:
            piece = b""
        self.reply += piece
        first = self.reply.split(b" ", 2)
        if len(first) == 3 and first[0][:5] == b"HTTP/" and first[1].isdigit():
            self.result["status"] = int(first[1][:4])
        elif piece and len(self.reply) < 64:
            return
        elif self.reply:
            self.result["reply"] = self.reply[:64].decode("utf-8", "replace")
        self.socket.close()
        self.socket = None

    def end(self, status: "int | None") -> "dict[str, Any]":
        """End it and return all that was seen; `status` is how it ended by itself."""
        result = self.result
        result["milliseconds"] = int((self.clock() - self.begun) * 1000)
        result["ended"] = status is not None
        if status is not None:
            result["signal"], result["exit_code"] = status & 127, status >> 8
        else:
            try:
                os.killpg(self.pid, 9)
            except OSError:
                os.kill(self.pid, 9)
            used = os.wait4(self.pid, 0)[2]
            result["cpu_milliseconds"] = int((used.ru_utime + used.ru_stime) * 1000)
        if self.output >= 0:
            self.hear()
        result["out_of_memory"] = counted(OOM_KILLS, "oom_kill")
        result["refused_forks"] = counted(REFUSED_FORKS, "max")
        result["words"] = self.words[-2000:].decode("utf-8", "replace")
        return result
