"""The Python that runs an image's command, and the files installed in it (part of the probe).

The text of `probe.py`, which describes all parts, is appended to this text.
"""

import os
import sys

# Bytes of a RECORD, and of the files that are compared with it.
MOST_RECORD = 4 << 20
MOST_COMPARED = 64 << 20


def found_on_path(program: str) -> str:
    """Return the path of a program as a shell finds it, or ''."""
    places = [""] if "/" in program else os.environ.get("PATH", "/bin:/usr/bin").split(":")
    paths = [os.path.join(place, program) for place in places]
    return ([path for path in paths if os.path.isfile(path) and os.access(path, 1)] or [""])[0]


def python_behind(script: str) -> str:
    """Return the Python that a script names in its first line, or ''."""
    try:
        file = os.open(found_on_path(script), os.O_RDONLY)
        first, _, rest = os.read(file, 1024).decode("utf-8", "replace").partition("\n")
        os.close(file)
    except OSError:
        return ""
    words = first[2:].split() if first[:2] == "#!" else []
    # If the path is too long for the kernel, installers have a shell start the script again.
    if rest[:9] == "'''exec' ":
        words = rest[10:].split('"')[:1] if rest[9:10] == '"' else rest[9:].split()
    if words and os.path.basename(words[0]) == "env":
        words = [found_on_path(word) for word in words[1:] if word[0] != "-" and "=" not in word]
    python = words[0] if words else ""
    return python if os.path.basename(python)[:4] in ("pyth", "pypy") else ""


def switch(scripts: "list[str]") -> None:
    """Become the Python that runs one of these scripts, unless it is this one."""
    for script in scripts:
        python = python_behind(script)
        if not python:
            continue
        here = sys.executable or ""
        same_folder = os.path.dirname(python) == os.path.dirname(here)
        if same_folder and os.path.realpath(python) == os.path.realpath(here):
            return
        with open("/proc/self/cmdline", "rb") as file:
            words = file.read().split(b"\0")[:-1]
        words = [word for word in words[words.index(b"-c") :] if word[:8] != b"scripts="]
        try:
            os.execv(python, [python.encode(), *words])  # noqa: S606 - no shell is wanted
        except OSError as error:
            sys.exit(f"{python}, which runs {script}, can't be started: {error.strerror}")


def normal(name: str) -> str:
    """Return the normalized name of a distribution."""
    return name.lower().replace("-", "_").replace(".", "_")


def distributions() -> "list[tuple[str, str, str, str]]":
    """Return all distributions in the order of the path.

    Each is a folder, its metadata in there, its normalized name, and its version.
    """
    found = []
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for info in names:
            stem, dot, kind = info.rpartition(".")
            if dot and kind in ("dist-info", "egg-info"):
                name, _, version = stem.partition("-")
                found.append((folder, info, normal(name), version.partition("-py")[0]))
    return found


def hashes_in(folder: str, info: str) -> "dict[str, str]":
    """Return the hashes of a distribution's files by their paths; none without a RECORD."""
    record = content(os.path.join(folder, info, "RECORD"), MOST_RECORD) or b""
    lines = [line.rsplit(",", 2) for line in record.decode("utf-8", "replace").split("\n")]
    return {line[0].strip('"'): line[1] for line in lines if len(line) == 3}


def content(path: str, most: int) -> "bytes | None":
    """Return the contents of a file, up to `most` bytes; None if it can't be read."""
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError:
        return None


def compare_with_record(seen: "dict[str, object]") -> None:
    """Compare an imported client with the RECORD of its distribution, if it has one.

    An installation without one may shadow another one later on the path.
    """
    wanted = normal(str(seen["distribution"]))
    installed = [(folder, info) for folder, info, name, _ in distributions() if name == wanted]
    for folder, info in installed:
        hashes = hashes_in(folder, info)
        if not hashes:
            continue
        for path in hashes:
            file = loaded_from(path)
            own = os.path.join(folder, path)
            if file and os.path.exists(own) and os.path.realpath(file) != os.path.realpath(own):
                seen["error"] = f"{file} is imported instead of {own}"
                return
            if file and info != installed[0][1]:
                seen["error"] = f"{installed[0][1]} shadows {info}, whose files are imported"
                return
        compare_files(seen, folder, info, hashes)
        return


def loaded_from(path: str) -> str:
    """Return the file of the loaded module that a path in a RECORD stands for, or ''."""
    stem, _, kind = path.rpartition(".")
    if kind not in ("py", "so"):
        return ""
    stem = stem.partition(".")[0]
    name = (stem[: -len("/__init__")] if stem[-9:] == "/__init__" else stem).replace("/", ".")
    return getattr(sys.modules.get(name), "__file__", None) or ""


def compare_files(
    seen: "dict[str, object]", folder: str, info: str, hashes: "dict[str, str]"
) -> None:
    """Record a source that differs from what was installed, or a version that isn't its own."""
    from binascii import b2a_base64

    # Unlike hashlib, it imports nothing else.
    sha256 = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
    metadata = os.path.join(info, "METADATA")
    head = (content(os.path.join(folder, metadata), 65536) or b"").split(b"\n\n")[0]
    for line in head.decode("utf-8", "replace").split("\n"):
        if line[:8] == "Version:" and spelled(line[8:]) != spelled(str(seen["version"])):
            seen["error"] = f"{info} declares version{line[8:].rstrip()}"
            return
    room = MOST_COMPARED
    for path, expected in hashes.items():
        # Compiled files differ where they were stripped to save space, which is common.
        if expected[:7] != "sha256=" or (path[-3:] != ".py" and path != metadata):
            continue
        data = content(os.path.join(folder, path), room)
        room -= len(data or b"")
        if room <= 0:
            return
        if data is None:
            continue
        digest = b2a_base64(sha256(data).digest()).decode().strip().replace("+", "-")
        if digest.replace("/", "_").rstrip("=") != expected[7:].rstrip("="):
            seen["error"] = f"{path} doesn't match its hash in RECORD"
            return


def spelled(version: str) -> "list[str]":
    """Return a version in a form that is the same for each of its spellings."""
    parts = version.strip().lower().replace("-", ".").replace("_", ".").replace("+", ".").split(".")
    return [part.lstrip("0") for part in parts]
