"""Files that are told of by their path: compilers, and what package managers leave behind."""

from __future__ import annotations

import re

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

# In this order; the first that fits says whose cache it is.
_CACHES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("apt lists", r"^/var/lib/apt/lists/(?!lock$)"),
        ("apt archives", r"^/var/cache/apt/(?:archives/(?!lock$)|(?:src)?pkgcache\.bin$)"),
        ("apk", r"^/(?:var/cache/apk|etc/apk/cache)/"),
        ("dnf", r"^/var/cache/(?:dnf|yum|libdnf5)/"),
        ("zypper", r"^/var/cache/zypp/"),
        # pip notes there when it last looked for a newer pip: no package.
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
    """Return which compiler an executable at that path is; '' where it is none."""
    match = _COMPILER.search(path)
    if match is None or not _PROGRAMS.search(path):
        return ""
    return match["name"] or match["inner"] or "go"


def cache_of(path: str) -> str:
    """Return whose package cache a file at that path belongs to; '' where to none."""
    # Most files are told apart by these few letters, without a pattern.
    if not any(word in path for word in _CACHE_WORDS):
        return ""
    return next((name for name, pattern in _CACHES if pattern.search(path)), "")
