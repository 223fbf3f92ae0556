"""Where a checkout came from, as an address that may stand in a public label."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>.+)", re.ASCII)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?", re.ASCII)
_PATH = re.compile(r"(?:/[\w.~+-]+)+", re.ASCII)
_LONGEST = 300


def web_address(remote: str) -> str:
    """Return a Git remote's `https://HOST/PATH`; '' for a local folder and whatever isn't plain.

    User names and passwords are left out: `https://TOKEN@github.com/a/b.git` and
    `git@github.com:a/b.git` are `https://github.com/a/b`.
    """
    if len(remote) > _LONGEST or not remote.isprintable():
        return ""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
        except ValueError:
            return ""
        if parts.scheme not in {"https", "http", "ssh", "git"}:
            return ""
        host = parts.netloc.rpartition("@")[2]
        # The port of another protocol says nothing about the web page's.
        host = host if parts.scheme == "https" else host.partition(":")[0]
        path = parts.path
    else:
        found = _SCP.fullmatch(remote)
        if found is None:
            return ""
        host, path = found["host"], f"/{found['path']}"
    host, path = host.lower(), path.rstrip("/").removesuffix(".git")
    plain = _HOST.fullmatch(host) and _PATH.fullmatch(path)
    return f"https://{host}{path}" if plain and "/.." not in path else ""
