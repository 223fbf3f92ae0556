"""What a file is, by its path or its ELF header."""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

_COMPILER = re.compile(
    r"/(?:"
    r"(?:[a-z0-9_]+-[a-z0-9_-]+-|c[89]9-)?"
    r"(?P<name>gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|gfortran|gnat|gdc|tcc|rustc|javac|swiftc|ghc|zig)"
    r"(?:-[0-9][0-9.]*)?"
    r"|(?P<inner>cc1|cc1plus|cc1obj|f951|lto1|go1|d21)"
    r"|(?:usr/)?(?:local/)?(?:go|lib/go|lib/go-[0-9.]+)/bin/(?P<go>go)"
    r"|pkg/tool/[a-z0-9_]+/(?P<gotool>compile)"
    r")$"
)
_PROGRAMS = re.compile(r"/(?:bin|sbin|libexec|lib|lib64|tool)/")

# The first match decides.
_CACHES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("apt lists", r"^/var/lib/apt/lists/(?!lock$)"),
        ("apt archives", r"^/var/cache/apt/(?:archives/(?!lock$)|(?:src)?pkgcache\.bin$)"),
        ("apk", r"^/(?:var/cache/apk|etc/apk/cache)/"),
        ("dnf", r"^/var/cache/(?:dnf|yum|libdnf5)/"),
        ("zypper", r"^/var/cache/zypp/"),
        # Not a package: records when pip last checked for a newer version of itself.
        ("pip", r"/\.cache/pip/(?!selfcheck/)"),
        ("uv", r"/\.cache/uv/"),
        ("poetry", r"/\.cache/pypoetry/"),
        ("pdm", r"/\.cache/pdm/"),
        ("conda", r"/(?:conda|miniconda3?|anaconda3?|mambaforge|miniforge3?)/pkgs/"),
        ("npm", r"/\.npm/_cacache/"),
        ("yarn", r"/\.cache/yarn/"),
        ("pnpm", r"/\.local/share/pnpm/store/"),
        ("go", r"/(?:\.cache/go-build|go/pkg/mod/cache)/"),
        ("cargo", r"/(?:\.cargo|usr/local/cargo)/registry/"),
        ("maven", r"/\.m2/repository/"),
        ("gradle", r"/\.gradle/caches/"),
        ("gem", r"/gems/(?:[0-9.]+/)?cache/[^/]+\.gem$"),
    )
)
_CACHE_WORDS = ("cache", "lists/", "/.", "/pkgs/", "registry/")
RULES = "\n".join([_COMPILER.pattern, _PROGRAMS.pattern, *(f"{n} {p.pattern}" for n, p in _CACHES)])


def compiler_of(path: str) -> str:
    """Return the compiler that an executable at this path is, or ''."""
    match = _COMPILER.search(path)
    if match is None or not _PROGRAMS.search(path):
        return ""
    return match["name"] or match["inner"] or "go"


def cache_of(path: str) -> str:
    """Return the owner of the package cache that a file at this path belongs to, or ''."""
    # Faster than the patterns, and enough for most files.
    if not any(word in path for word in _CACHE_WORDS):
        return ""
    return next((name for name, pattern in _CACHES if pattern.search(path)), "")


# Files that grant rights: a user who can write to one can become root. The same is true of a folder
# of such files.
_OF_ACCOUNTS = re.compile(
    r"/etc(?:/(?:passwd|shadow|group|gshadow|subuid|subgid|sudoers|doas\.conf|ld\.so\.(?:conf|preload)"
    r"|(?:sudoers|pam|ld\.so\.conf|cron)\.d(?:/.+)?|crontab|profile))?"
    r"|/root(?:/\.(?:bashrc|profile|ssh(?:/authorized_keys)?))?"
)
# Shell scripts that switch to another user before they start a program.
_DROPPING = re.compile(
    rb"(?m)^[^#\n]*?(?<![\w./-])(?:/\S*/)?"
    rb"(gosu|su-exec|setpriv|runuser|s6-setuidgid|setuidgid|chpst)(?![\w.-])"
)
_SHELL_SCRIPT = re.compile(rb"#![^\n]*[/ ](?:ba|da|a|k|z)?sh\b")
_UID = re.compile(r"[+-]?[0-9]{1,20}")
_MOST_ACCOUNTS = 1000
RULES += f"\n{_OF_ACCOUNTS.pattern}\n{_DROPPING.pattern!r}"


def is_of_accounts(path: str) -> bool:
    """Return whether a file or folder determines the rights of users in an image."""
    return bool(_OF_ACCOUNTS.fullmatch(path))


def accounts_in(passwd: bytes) -> list[str]:
    """Return the accounts in the content of /etc/passwd as `NAME:UID`.

    Engines read a uid that is missing or not a number as 0.
    """
    lines = (line.strip() for line in passwd.decode("utf-8", "replace").splitlines())
    found = []
    for line in islice(filter(None, lines), _MOST_ACCOUNTS):
        name, _, uid = [*line.split(":"), "", ""][:3]
        found.append(f"{name}:{int(uid) if _UID.fullmatch(uid) else 0}")
    return found


def dropping_root(script: bytes) -> str:
    """Return the program with which a shell script switches to another user, or ''."""
    match = _DROPPING.search(script) if _SHELL_SCRIPT.match(script) else None
    return match[1].decode() if match else ""


MAGIC = b"\x7fELF"
# The number of bytes needed from the start of a file.
HEADER_BYTES = 20

# (e_machine, bits, little-endian) -> its name, as `uname -m` prints it if that is unambiguous.
_MACHINES: dict[tuple[int, int, bool], str] = {
    (3, 32, True): "i386",
    (8, 32, True): "mipsel",
    (8, 64, True): "mips64el",
    (20, 32, False): "ppc",
    (21, 64, False): "ppc64",
    (21, 64, True): "ppc64le",
    (22, 64, False): "s390x",
    (40, 32, True): "arm",
    (62, 64, True): "x86_64",
    (183, 64, True): "aarch64",
    (243, 32, True): "riscv32",
    (243, 64, True): "riscv64",
    (258, 64, True): "loongarch64",
}
# Go's name of an architecture -> its header's entry in the table above.
_HEADERS: dict[str, tuple[int, int, bool]] = {
    "386": (3, 32, True),
    "amd64": (62, 64, True),
    "arm": (40, 32, True),
    "arm64": (183, 64, True),
    "loong64": (258, 64, True),
    "mips64le": (8, 64, True),
    "ppc64le": (21, 64, True),
    "riscv64": (243, 64, True),
    "s390x": (22, 64, False),
}
# CUDA, AMD GPU, BPF: not run by the processor.
_NO_PROCESSOR = {190, 224, 247}


def machine_of(head: bytes) -> str:
    """Return the machine in the header of an ELF file, or '' for any other file."""
    if len(head) < HEADER_BYTES or not head.startswith(MAGIC):
        return ""
    bits = {1: 32, 2: 64}.get(head[4], 0)
    little = head[5] != 2
    machine = int.from_bytes(head[18:20], "little" if little else "big")
    if machine in _NO_PROCESSOR:
        return ""
    known = _MACHINES.get((machine, bits, little))
    if known:
        return known
    return f"ELF machine {machine} ({bits}-bit, {'little' if little else 'big'}-endian)"


def header(arch: str) -> bytes:
    """Return just the ELF header of a program for `arch` (Go's name); b'' if unknown."""
    known = _HEADERS.get(arch)
    if known is None:
        return b""
    machine, bits, little = known
    order: Literal["little", "big"] = "little" if little else "big"
    head = MAGIC + bytes([bits // 32, 1 if little else 2, 1]) + bytes(9)
    # Type 2 is an executable; 1 is the only version.
    head += (2).to_bytes(2, order) + machine.to_bytes(2, order) + (1).to_bytes(4, order)
    return head.ljust(64, b"\0")
