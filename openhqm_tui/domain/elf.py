"""ELF headers: for which machine a program or library is made."""

from __future__ import annotations

MAGIC = b"\x7fELF"
# Bytes from the start that tell all of it.
HEADER_BYTES = 20

# (e_machine, bits, little-endian) -> its name, as `uname -m` has it where that is plain.
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
# CUDA, AMD GPU, BPF: loaded into something else than the processor.
_NO_PROCESSOR = {190, 224, 247}


def machine_of(head: bytes) -> str:
    """Return the machine that a file's first bytes name; '' where it is no processor's ELF file."""
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
    return f"ELF machine {machine} ({bits} bits, {'little' if little else 'big'} endian)"
