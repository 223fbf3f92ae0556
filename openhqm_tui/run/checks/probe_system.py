"""The processes and sockets of a container, as /proc lists them (part of the probe).

The text of `probe.py`, which describes all parts, is appended to this text. Where /proc can't be
read, nothing is found.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where the kernel counts, in control groups of version 2 and 1.
OOM_KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
REFUSED_FORKS = ("/sys/fs/cgroup/pids.events", "/sys/fs/cgroup/pids/pids.events")
# States of a process that has ended, in /proc/PID/stat.
ENDED_STATES = ("Z", "X", "x")
# /proc/net/tcp: the state LISTEN.
LISTEN = "0A"


def contents(name: str) -> str:
    """Return the text of a small file; '' if it can't be read."""
    try:
        file = os.open(name, os.O_RDONLY)
    except OSError:
        return ""
    pieces: "list[bytes]" = []
    try:
        while len(pieces) < 64:
            piece = os.read(file, 65536)
            if not piece:
                break
            pieces.append(piece)
    except OSError:
        pass
    os.close(file)
    return b"".join(pieces).decode("ascii", "replace")


def counted(files: "tuple[str, ...]", word: str) -> int:
    """Return the number after `word` in the first of a control group's files that exists."""
    for name in files:
        words = contents(name).split()
        if words:
            return int(words[words.index(word) + 1]) if word in words[:-1] else 0
    return 0


def listeners() -> "list[tuple[str, int]]":
    """Return address and port of every TCP socket that listens in this network namespace."""
    found = []
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in contents(name).splitlines()[1:]:
            words = line.split()
            if len(words) > 3 and words[3] == LISTEN:
                address, _, port = words[1].partition(":")
                found.append((dotted(address), int(port, 16)))
    return found


def dotted(address: str) -> str:
    """Return an address of /proc/net/tcp as text.

    The kernel prints words in its own byte order, which under emulation isn't this Python's.
    """
    if len(address) == 8:
        if address == "7F000001":
            return "127.0.0.1"
        return ".".join(str(int(address[at : at + 2], 16)) for at in (6, 4, 2, 0))
    if not address.strip("0"):
        return "::"
    if address.strip("0") == "1" and address[24:] in ("01000000", "00000001"):
        return "::1"
    if address[:24] in ("0000000000000000FFFF0000", "00000000000000000000FFFF"):
        return dotted(address[24:])
    return "[" + address.lower() + "]"


def processes() -> "dict[int, tuple[int, str, int]]":
    """Return the parent, name and CPU time (ticks) of every running process, by its id."""
    found = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            name, _, rest = contents("/proc/" + entry + "/stat").partition("(")[2].rpartition(")")
            words = rest.split()
            if len(words) > 14 and words[0] not in ENDED_STATES:
                found[int(entry)] = (int(words[1]), name, sum(map(int, words[11:15])))
    return found


class Tree:
    """The processes of the service, and how often they ended and were restarted.

    Processes are alike if they have the same parent, name and command. The numbers in the command
    of a process with its parent's name may differ: workers often get the numbers of their pipes as
    arguments.
    """

    def __init__(self) -> None:
        self.alive: "dict[int, tuple[Any, ...]]" = {}
        self.most: "dict[tuple[Any, ...], int]" = {}
        self.ended: "dict[tuple[Any, ...], int]" = {}
        self.again: "dict[tuple[Any, ...], int]" = {}
        self.waiting: "set[int]" = set()
        self.ticks = 0

    def update(self, skipped: "set[int]") -> None:
        """Look at all descendants of this process, except those in `skipped` and theirs."""
        found = processes()
        children: "dict[int, list[int]]" = {}
        for pid, (parent, _, _) in found.items():
            children.setdefault(parent, []).append(pid)
        inside = [pid for pid in children.get(os.getpid(), []) if pid not in skipped]
        for pid in inside:
            inside += children.get(pid, [])
        before, self.alive = self.alive, {}
        for pid, gone in before.items():
            if pid not in inside:
                self.ended[gone] = self.ended.get(gone, 0) + 1
                if gone[1] == "sleep":
                    self.waiting.add(gone[0])
        commands: "dict[int, str]" = {}
        self.ticks = 0
        for pid in inside:
            parent, name, ticks = found[pid]
            self.ticks += ticks
            known = before.get(pid)
            key = known if known and known[1] == name else None
            if key is None or key[2] == commands.get(parent):
                # It is new, or it looks like its parent because it is about to start another
                # program.
                command = contents("/proc/" + str(pid) + "/cmdline")
                if parent in found and found[parent][1] == name:
                    command = "".join(c for c in command if not c.isdigit())
                key = (key[0] if key else parent, name, command)
            self.alive[pid] = key
            commands[pid] = key[2]
            if key != known and key in self.ended:
                self.again[key] = self.again.get(key, 0) + 1
        keys = list(self.alive.values())
        for key in keys:
            self.most[key] = max(self.most.get(key, 0), keys.count(key))

    def restarts(self) -> int:
        """Return how many processes were started in place of one that had ended.

        A script that waits for something repeatedly starts the same commands, and sleeps between
        them: those don't count.
        """
        return sum(count for key, count in self.again.items() if key[0] not in self.waiting)

    def ends(self) -> int:
        """Return how many processes have ended, except those that only wait."""
        return sum(count for key, count in self.ended.items() if key[0] not in self.waiting)

    def is_looping(self) -> bool:
        """Return whether all processes of one kind have ended twice and were restarted."""
        return any(
            self.ended[key] > 2 * self.most.get(key, 1) and count >= self.most.get(key, 1)
            for key, count in self.again.items()
            if key[0] not in self.waiting
        )
