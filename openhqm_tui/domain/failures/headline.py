"""The line of a failed step's output that an engineer would quote: its first real error.

What a tool prints for an error was taken from real builds: pip, uv, npm, apt, apk, Go, Cargo,
CMake, make, compilers and linkers, Python, shells and core utilities, Git, curl, Java and QEMU.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from openhqm_tui.domain.run.log import looks_like_error
from openhqm_tui.domain.text import one_line

_LONGEST = 300
# Longer than any message; the rest of a line is data.
_FAR_ENOUGH = 1000
_MOST_DATA = 4000

# Never the cause: warnings, retries, advice, and lines that only point to the log of a tool.
_NOISE = re.compile(
    r"^(?:\W*(?:warn(?:ing)?|W|note|hint|info|debug|notice)\b\W"
    r"|(?:npm (?:error|ERR!) )?(?:A complete log of this run|This is probably not a problem)"
    r"|npm (?:error|ERR!)\s*$|\[(?:INFO|WARNING|WARN|DEBUG)\])",
    re.IGNORECASE,
)
# Errors of one tool that say what is wrong.
_PRECISE_PATTERNS = (
    # An emulator or the kernel ended the program.
    r"^qemu(?:-\w+)?: (?:uncaught target signal|fatal)",
    # Compilers, linters and type checkers: FILE:LINE: error, FILE(LINE,COLUMN): error X1.
    r"^\S+[:(]\d+(?:[:,]\d+)?\)?:? (?:fatal )?error\b",
    r"^error(?:\[E\d+\])?: (?!could not compile|aborting due|subprocess-exited|metadata-gen"
    r"|failed-wheel|Failed to build `|[Cc]ommand .* failed with exit|process didn't exit"
    r"|failed to run custom)\S",
    # Go: ./main.go:5:2: undefined: x, and the module loader.
    r"^(?:\./)?[\w./@-]+\.go:\d+(?::\d+)?: \S",
    r"^go: (?!downloading |finding |extracting |added )\S",
    # Linkers.
    r"^\S*ld(?:\.\w+)?: (?!warning)(?:cannot find|error|\S+: undefined)",
    r"^CMake Error",
    # Package managers.
    r"^E: (?!Sub-process)\S|^ERROR: (?:unable to select packages|.*No matching distribution"
    r"|Could not |Cannot |Invalid requirement|Ignored the following|Package |THESE PACKAGES"
    r"|ResolutionImpossible|HTTP|No such)",
    r"^\s*× (?:No solution found|Failed to|Could not)",
    r"^npm (?:error|ERR!) (?!code |errno |syscall |path |command |dest |file |signal |cwd |node "
    r"|argv |[eE]xit status|network |enoent This is|errored)\S",
    r"^Error: Unable to find a match|^(?:Error|error): Unable to \S|^No match for argument",
    r"^Could not find (?:gem|a version|a JAR)|^ERROR: +Error installing",
    # Programs that crashed.
    r"^panic: |^thread '.*' (?:\(\d+\) )?panicked at",
    r"^(?:Segmentation fault|Illegal instruction|Bus error|Killed|Aborted)\b",
    # Shells and core utilities.
    r"^(?:\S+/)?(?:ba|da|a|z|k)?sh: (?:(?:line )?\d+: )?\S.*(?:not found|No such file"
    r"|[Pp]ermission denied|[Ss]yntax error|[Uu]nexpected|can't open|cannot open|parameter)",
    r"^\S+: (?:line )?\d+: \S.*(?:not found|No such file|[Pp]ermission denied|[Ss]yntax error"
    r"|unbound variable|parameter not set)",
    r"^(?!error: )[\w.+/-]+: (?:cannot|can't|unable to|failed to|missing|invalid|unrecognized"
    r"|illegal) ",
    r"^[\w.+/-]+: \S.*: (?:No such file or directory|Permission denied|Cannot open"
    r"|Read-only file system|Is a directory|Not a directory|File exists)$",
    r"^curl: \(\d+\)|^wget: |^\d{4}-\S+ \S+ ERROR \d{3}: ",
    r"^(?:fatal|FATAL): ",
    # Java, .NET, TypeScript and bundlers.
    r"^\[ERROR\] (?!COMPILATION ERROR|Failed to execute goal|-> |Re-run|To see|For more|\[Help"
    r"|After correcting)\S.*(?:error|symbol|expected|resolve|find)",
    r"^Module not found: |^ERROR in \S",
    # pytest.
    r"^FAILED \S+::.* - \S|^E {3}\S",
)
# Matched at the start of a line only, which is much faster than a search.
_PRECISE = re.compile("|".join(_PRECISE_PATTERNS))
_PRECISE_WORDS = ("undefined reference to", "xec format error")
# What follows from an error elsewhere in the output.
_FOLLOWS = re.compile(
    r"^(?:g?make(?:\[\d+\])?: \*\*\*|ninja: build stopped|collect2: error|error: could not compile"
    r"|error: aborting due|error: subprocess-exited|error: metadata-gen|error: failed-wheel"
    r"|ERROR: Failed (?:building|to build)|E: Sub-process|-- Configuring incomplete"
    r"|npm (?:error|ERR!) (?:code|errno|syscall|path|command|exit status)|\[ERROR\]"
    r"|Traceback \(most recent|During handling of|The above exception|\s*[×╰│] "
    r"|error: command .* failed with exit|error: failed to run custom)"
)
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|NotFound)\b"
)
_TRACEBACK = re.compile(r"^(\s*(?:[│|] )?\s*)Traceback \(most recent call last\)")
_COMMAND = re.compile(r"^\++ \S")
_FRAME = " \t│|"
# The text after these is on the following lines: uv, CMake, apk, Rust.
_CONTINUED = re.compile(
    r"^\s*× .*:?$|^CMake Error.*:$|^ERROR: unable to select packages:$|^ERROR in \S+$"
    r"|^error: (?:Failed to|No solution) .*$|^error: .*`$"
)
_CONTINUATION = re.compile(r"^(?:\s*(?:╰─▶|├─▶|│|Caused by:)|\s+\S)")
_MOST_CONTINUED = 6
_MOST_BEFORE = 100
# Rust prints the message of a panic on the next line.
_PANIC = re.compile(r"^thread '.*' (?:\(\d+\) )?panicked at .*:$")
# npm wraps its sentences, and repeats its prefix.
_WRAPPED = re.compile(r"^npm (?:error|ERR!) (?!\d{3} )\S.{40,}[\w,]$")
_NPM = re.compile(r"^npm (?:error|ERR!) (?=\S)")
# A sign before the error, all existing versions, and addresses, which differ in every build.
_UNQUOTED = re.compile(
    r"^× | \(from versions: (?!none\)).*|<[\w.]+ object at 0x[0-9a-f]+>:? ?", re.DOTALL
)
# What couldn't be found because of a connection, and the warning before that says why.
_REASONS_BEFORE = (
    (
        re.compile(r"^ERROR: Could not find a version .*\(from versions: none\)"),
        re.compile(r"connection broken by .*|(?<=\(Caused by )\w+Error.*(?=\) - skipping)"),
    ),
    (
        re.compile(r"^E: (?:Unable to locate package|Package .* has no installation candidate)"),
        re.compile(r"(?<=^W: )Failed to fetch .*"),
    ),
)


def headline_of(lines: Sequence[str]) -> str:
    """Return the first real error in a failed step's plain output, on one line; '' if none."""
    lines = _of_last_command(lines)
    at = _first(lines)
    if at is None:
        return ""
    text = lines[at].strip()
    if _CONTINUED.search(lines[at]):
        text = " ".join([text, *_continuation(lines[at + 1 :])])
    elif _PANIC.match(text, 0, _FAR_ENOUGH):
        text = " ".join([text, *lines[at + 1 : at + 2]])
    elif _WRAPPED.match(text, 0, _FAR_ENOUGH):
        text = " ".join([text, *_rest_of_sentence(lines[at + 1 :])])
    else:
        text = _reason_before(lines[:at], text)
    return one_line(_UNQUOTED.sub("", text[:_MOST_DATA]), _LONGEST)


def _first(lines: Sequence[str]) -> int | None:
    """Return the index of the line to quote."""
    inner = [line.lstrip(_FRAME) for line in lines]
    precise = _first_precise(inner)
    raised = _last_exception(lines)
    found = [at for at in (precise, raised) if at is not None]
    if found:
        # Whatever came first made the rest fail: a compiler under Python, or Python under make.
        return min(found)
    likely = (at for at, line in enumerate(inner) if _is_error(line))
    follows = (at for at, line in enumerate(inner) if _FOLLOWS.match(line))
    return next(likely, next(follows, None))


def _first_precise(lines: Sequence[str]) -> int | None:
    for at, line in enumerate(lines):
        if _is_precise(line) and not _NOISE.match(line):
            return at
    return None


def _is_precise(line: str) -> bool:
    if _PRECISE.match(line, 0, _FAR_ENOUGH):
        return True
    return any(words in line for words in _PRECISE_WORDS)


def _is_error(line: str) -> bool:
    return not _NOISE.match(line) and not _FOLLOWS.match(line) and looks_like_error(line, 2)


def _last_exception(lines: Sequence[str]) -> int | None:
    """Return the line with the exception that ends the first chain of tracebacks."""
    found = None
    indent: str | None = None
    for at, line in enumerate(lines):
        if "Traceback (" in line and (start := _TRACEBACK.match(line)):
            if found is not None and at - found > _MOST_CONTINUED:
                break  # another program's
            indent = start[1]
        elif indent is not None and line.startswith(indent):
            rest = line[len(indent) :]
            if rest and not rest[0].isspace() and _EXCEPTION.match(rest):
                found, indent = at, None
    return found


def _of_last_command(lines: Sequence[str]) -> Sequence[str]:
    """Return the output of the last command that a shell traced with `set -x`, if it has any."""
    traced = [at for at, line in enumerate(lines) if _COMMAND.match(line)]
    after = lines[traced[-1] + 1 :] if traced else ()
    return after if any(line.strip() for line in after) else lines


def _continuation(lines: Iterable[str]) -> Iterable[str]:
    for number, line in enumerate(lines):
        words = re.sub(r"^[\s╰─▶├│]+", "", line).strip()
        if number == _MOST_CONTINUED or not (words or number == 0):
            return
        if not _CONTINUATION.match(line):
            return
        if words:
            yield words


def _reason_before(lines: Sequence[str], text: str) -> str:
    """Return the last warning of `lines` that explains an error, else the error."""
    for error, reason in _REASONS_BEFORE:
        if error.search(text, 0, _FAR_ENOUGH):
            before = lines[: -_MOST_BEFORE - 1 : -1]
            found = (reason.search(line, 0, _FAR_ENOUGH) for line in before)
            return next((one[0] for one in found if one), text)
    return text


def _rest_of_sentence(lines: Iterable[str]) -> Iterable[str]:
    for line in islice(lines, _MOST_CONTINUED):
        if not _NPM.match(line):
            return
        yield _NPM.sub("", line)
        if not _WRAPPED.match(line):
            return
