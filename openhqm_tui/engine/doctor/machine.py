"""Facts about this machine that fixes depend on: system, packages, rights, running services."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import sys
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.doctor.apt import Archive, Candidate, parse_policy, read_archives

# All packages that we may install or that conflict with them, for one query of apt.
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-buildx",
    "docker-ce",
    "docker-buildx-plugin",
    "podman-docker",
    "qemu-user-static",
    "qemu-user",
    "qemu-user-binfmt",
    "binfmt-support",
    "mmdebstrap",
)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this machine that matter for a fix.

    `system` is 'linux' or 'darwin' (or whatever sys.platform says); `distro` and `release`
    are ID and VERSION_ID of os-release, `likes` its ID_LIKE. `store_config` is the text of
    /etc/docker/daemon.json, None if there is none, and `store_config_error` why it can't
    be read.
    """

    system: str = "linux"
    distro: str = ""
    release: str = ""
    codename: str = ""
    distro_name: str = ""
    likes: tuple[str, ...] = ()
    platform: Platform | None = None
    root: bool = False
    sudo: bool = False
    user: str = ""
    systemd: bool = False
    apt: bool = False
    packages: dict[str, Candidate] = {}
    archives: tuple[Archive, ...] = ()
    keyrings: tuple[str, ...] = ()
    dockerd: str = ""
    docker_running: bool = False
    emulators: dict[str, str] = {}
    store_config: str | None = None
    store_config_error: str = ""
    private_cas: tuple[str, ...] = ()
    desktop: str = ""

    @property
    def debian(self) -> bool:
        """Whether this is Debian itself, whose archive the fixes use."""
        return self.apt and self.distro == "debian"

    @property
    def mendable(self) -> bool:
        """Whether packages can be installed: on Debian or a derivative with apt."""
        family = {self.distro, *self.likes}
        return self.apt and self.system == "linux" and bool(family & {"debian", "ubuntu"})

    def version_of(self, package: str) -> str:
        """Return the installed version of `package`; '' if it isn't installed."""
        return self.packages.get(package, Candidate()).installed

    def candidate(self, package: str) -> str:
        """Return the version that apt would install; '' if it knows none."""
        return self.packages.get(package, Candidate()).candidate


def read_machine(root: Path = Path("/")) -> Machine:
    """Return the facts about this machine; never raises. `root` contains /etc and /proc.

    The packages in apt take a second or more, so `ask_apt` adds them separately.
    """
    release = _os_release(root / "etc/os-release")
    apt = shutil.which("apt-get") is not None
    config, config_error = _read(root / "etc/docker/daemon.json")
    keyrings = root / "usr/share/keyrings"
    cas = root / "usr/local/share/ca-certificates"
    return Machine(
        system=sys.platform,
        distro=release.get("ID", ""),
        release=release.get("VERSION_ID", ""),
        codename=release.get("VERSION_CODENAME", ""),
        distro_name=release.get("PRETTY_NAME", "") or sys.platform,
        likes=tuple(release.get("ID_LIKE", "").split()),
        platform=_own_platform(),
        root=os.geteuid() == 0,
        sudo=shutil.which("sudo") is not None,
        user=_user(),
        systemd=(root / "run/systemd/system").is_dir(),
        apt=apt,
        archives=read_archives(root / "etc/apt") if apt else (),
        keyrings=tuple(sorted(str(path) for path in keyrings.glob("*.gpg"))),
        dockerd=_which("dockerd"),
        docker_running=_runs(root / "proc", "dockerd"),
        emulators=read_emulators(root),
        store_config=config,
        store_config_error=config_error,
        private_cas=tuple(sorted(str(path) for path in cas.glob("**/*.crt"))),
        desktop=_desktop(),
    )


def ask_apt(machine: Machine, *, run: Runner = capture) -> Machine:
    """Add the packages that apt has and would install; unchanged if there is no apt."""
    if not machine.apt:
        return machine
    (policy,) = run(["env", "LC_ALL=C", "apt-cache", "policy", *PACKAGES], timeout=30)
    return msgspec.structs.replace(machine, packages=parse_policy(policy.out))


def read_emulators(root: Path = Path("/")) -> dict[str, str]:
    """Return the flags of the enabled emulators in the kernel, by name (`qemu-aarch64`).

    Names differ between installers (`qemu-aarch64`, `rosetta`); Docker's own
    `tonistiigi/binfmt` uses Debian's names.
    """
    folder = root / "proc/sys/fs/binfmt_misc"
    found: dict[str, str] = {}
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return found
    for entry in entries:
        text, _ = _read(entry) if entry.name not in {"register", "status"} else (None, "")
        if text and text.startswith("enabled"):
            flags = re.search(r"(?m)^flags:[ \t]*(\S*)", text)
            found[entry.name] = flags.group(1) if flags else ""
    return found


def emulator_flags(platform: Platform, root: Path = Path("/")) -> str:
    """Return the flags of the emulator registered under the usual name; '' if there is none."""
    return read_emulators(root).get(f"qemu-{platform.qemu}", "")


def _os_release(path: Path) -> dict[str, str]:
    text, _ = _read(path)
    pairs = (line.partition("=") for line in (text or "").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def _read(path: Path) -> tuple[str | None, str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace"), ""
    except FileNotFoundError:
        return None, ""
    except OSError as trouble:
        return None, str(trouble.strerror or trouble)


def _runs(proc: Path, name: str) -> bool:
    for folder in proc.glob("[0-9]*"):
        text, _ = _read(folder / "comm")
        if text and text.strip() == name:
            return True
    return False


def _which(name: str) -> str:
    # Daemons are in sbin folders, which are often missing from a user's PATH.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    return shutil.which(name, path=path) or ""


def _own_platform() -> Platform | None:
    try:
        return parse_platform(os.uname().machine)
    except UsageProblem:
        return None


def _user() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _desktop() -> str:
    """Return the Docker desktop product on this machine; '' if there is none."""
    home = Path.home()
    places = {
        "Docker Desktop": ("/Applications/Docker.app", home / ".docker/desktop"),
        "OrbStack": ("/Applications/OrbStack.app", home / ".orbstack"),
        "Colima": (home / ".colima",),
    }
    for name, paths in places.items():
        if any(Path(path).exists() for path in paths):
            return name
    return ""
