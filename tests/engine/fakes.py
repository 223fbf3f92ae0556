"""A fake machine: a table of commands and their results, files and packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.command import NOT_FOUND, CommandResult
from openhqm_tui.engine.doctor.apt import Archive, Candidate
from openhqm_tui.engine.doctor.install import NEWER_KEYRING
from openhqm_tui.engine.doctor.machine import Machine
from openhqm_tui.engine.source.base_image import BASE_KIND, BASE_LABEL

OUTPUTS = Path(__file__).with_name("outputs")
INFO = (OUTPUTS / "info.json").read_text()
INSPECT = (OUTPUTS / "inspect.txt").read_text()

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
S390X = Platform("linux", "s390x")

LABELS = "docker image inspect --format {{json .Config.Labels}}"
MIRROR = "http://mirror.example/debian"
OFFLINE = CommandResult(
    1,
    "",
    'ERROR: failed to do request: Head "https://registry.example/v2/": '
    "dial tcp: lookup registry.example: no such host\n",
)


class FakeRunner:
    """Returns the result for the longest matching prefix of a command; records the commands."""

    def __init__(self, table: dict[str, CommandResult]) -> None:
        self.table = table
        self.ran: list[str] = []

    def __call__(self, *commands: Sequence[str], timeout: float) -> list[CommandResult]:
        assert timeout > 0
        return [self._one(" ".join(command)) for command in commands]

    def _one(self, line: str) -> CommandResult:
        self.ran.append(line)
        matching = [start for start in self.table if line.startswith(start)]
        if not matching:
            return CommandResult(NOT_FOUND, "", f"not in the table: {line}")
        return self.table[max(matching, key=len)]


def runner(apt: CommandResult | None = None, **changes: CommandResult) -> FakeRunner:
    """A healthy engine without a registry; keyword = command with its spaces as underscores."""
    table = {
        "docker info": CommandResult(0, INFO),
        "docker buildx inspect": CommandResult(0, INSPECT),
        "docker image inspect": CommandResult(0, "linux/amd64\n"),
        LABELS: CommandResult(0, f'{{"{BASE_LABEL}": "{BASE_KIND}"}}\n'),
        "docker buildx imagetools": OFFLINE,
        "env LC_ALL=C apt-cache policy": apt or CommandResult(0, ""),
    }
    table.update({name.replace("_", " "): outcome for name, outcome in changes.items()})
    return FakeRunner(table)


def policy(**candidates: str) -> CommandResult:
    """Output of `apt-cache policy`; keyword = package with dashes and dots as underscores."""
    names = {"docker_io": "docker.io"}
    text = "".join(
        f"{names.get(name, name.replace('_', '-'))}:\n"
        f"  Installed: (none)\n  Candidate: {version}\n  Version table:\n"
        for name, version in candidates.items()
    )
    return CommandResult(0, text)


def debian(release: str = "12", codename: str = "bookworm", **changes: object) -> Machine:
    """A bare Debian without systemd; changes by field name."""
    fields: dict[str, object] = {
        "distro": "debian",
        "release": release,
        "codename": codename,
        "distro_name": f"Debian GNU/Linux {release} ({codename})",
        "platform": AMD64,
        "root": True,
        "user": "ada",
        "apt": True,
        "archives": (Archive(uri=MIRROR, suites=(codename,), components=("main",)),),
        "keyrings": (NEWER_KEYRING,),
        **changes,
    }
    return Machine(**fields)  # type: ignore[arg-type]


def packages(**installed: str) -> dict[str, Candidate]:
    """Installed packages; keyword = package with dashes as underscores."""
    return {
        name.replace("_", "-"): Candidate(version, version) for name, version in installed.items()
    }
