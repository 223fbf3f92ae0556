"""The permissions that Buildx asks for before a bake: what a definition needs, what was granted.

Follows Buildx 0.29.1, bake/entitlements.go and `toBuildOpt` of bake/bake.go. Under
`--progress rawjson` Buildx can't ask, so they are computed here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.attributes import attributes_of, fields_of
from openhqm_tui.domain.plan.outputs import is_image, read_output

READ, WRITE, READ_WRITE = "fs.read", "fs.write", "fs"
NETWORK, INSECURE, SSH, DEVICE = "network.host", "security.insecure", "ssh", "device"
ANY = "*"
# Buildx also accepts the keys for images, without effect.
_PLAIN = (NETWORK, INSECURE, SSH)
_WITH_VALUE = (READ, WRITE, READ_WRITE, DEVICE, "image.push", "image.load", "image")
_ORDER = (NETWORK, INSECURE, DEVICE, SSH, READ_WRITE, READ, WRITE)

_HTTP = ("http://", "https://")
# Only what Go's URL parser certainly accepts: Buildx treats anything else as a local path.
_CERTAINLY_GIT = re.compile(
    r"(?:github\.com/|(?:ssh|git)://|[\w-]+@[A-Za-z0-9.-]+:)[A-Za-z0-9._~@:/#+=-]*"
)
_GIT_SSH = re.compile(r"(?:(?i:ssh)://|[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:)")


class Permission(msgspec.Struct, frozen=True, order=True):
    """One permission as `--allow` spells it; `value` is a path or a device."""

    key: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.key}={self.value}" if self.value else self.key

    def covers(self, other: Permission) -> bool:
        """Return whether this includes `other`; both have resolved paths."""
        if self.key != other.key:
            return False
        if self.key in {READ, WRITE}:
            return self.value == ANY or is_inside(other.value, self.value)
        return self.value in {"", other.value}


class Need(msgspec.Struct, frozen=True):
    """A permission that a build needs, with resolved paths: `exact`, and `asked` as Buildx asks.

    They differ for a path that doesn't exist yet: Buildx asks for its parent folder.
    """

    exact: Permission
    asked: Permission

    def is_covered_by(self, grant: Permission) -> bool:
        """Return whether a permission includes this."""
        return grant.covers(self.exact) or grant.covers(self.asked)


class PermissionsNeeded(UsageProblem):
    """A build needs permissions that weren't granted; `missing` has resolved paths."""

    def __init__(self, missing: tuple[Permission, ...], folder: str) -> None:
        self.missing = missing
        self.folder = folder
        flags = " ".join(allow_flags(missing, folder))
        what = ", ".join(described(missing, folder))
        super().__init__(
            f"this build needs permission to {what}", fix=f"grant permission with {flags}"
        )


class PushNeeded(UsageProblem):
    """The definition itself writes to registries without permission."""

    def __init__(self, pushes: tuple[str, ...]) -> None:
        self.pushes = pushes
        super().__init__(
            f"the build definition {'; '.join(pushes)}",
            fix="use --push to export caches and to push once every image is verified, or "
            "--no-push to do neither",
        )


def parse_permission(text: str) -> tuple[Permission, ...]:
    """Parse a value of `--allow`; raises UsageProblem for what Buildx rejects."""
    key, equals, value = text.partition("=")
    if text in _PLAIN:
        return (Permission(text),)
    if key in _PLAIN and equals:
        raise UsageProblem(f"--allow {text}: {key} takes no value", fix=f"write --allow={key}")
    if key not in _WITH_VALUE:
        known = (*_PLAIN, *_WITH_VALUE)
        guess = nearest(key, known)
        raise UsageProblem(
            f"--allow {text}: unknown permission '{key}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid="fs=PATH fs.read=PATH fs.write=PATH network.host security.insecure ssh "
            "device[=NAME]",
        )
    if key == READ_WRITE:
        return (Permission(READ, value or "."), Permission(WRITE, value or "."))
    if key in {READ, WRITE}:
        return (Permission(key, value or "."),)
    if key == DEVICE:
        return (Permission(key, _first_field(value)),)
    return ()


def is_inside(path: str, folder: str) -> bool:
    """Return whether a resolved path is `folder` or below it.

    Buildx compares prefixes of strings, so it considers `/a/project-2` to be below `/a/project`;
    that bug isn't replicated.
    """
    return path == folder or folder == "/" or path.startswith(folder.rstrip("/") + "/")


def needed(body: Mapping[str, Any]) -> frozenset[Permission]:  # noqa: C901
    """Return what a target of `bake --print` needs; its paths are as written, some relative.

    This includes files that Buildx opens without asking: the folder of an `oci-layout://` context,
    a secret read from the file named by its ID, and a folder named like a URL, such as a link
    `https:/host/x`, which Buildx prefers to the URL.
    """
    found: set[Permission] = set()
    context = _context(str(body.get("context") or "."))
    reads = {context, _dockerfile(str(body.get("dockerfile") or "Dockerfile"), context)}
    for named in map(str, (body.get("contexts") or {}).values()):
        if not _elsewhere(named):
            reads.add(named.removeprefix("cwd://"))
        if named.startswith("oci-layout://"):
            layout = named.removeprefix("oci-layout://").partition("@")[0]
            reads.add(layout.partition(":")[0])
    found |= {Permission(READ, path or ".") for path in reads}
    for secret in map(_secret, body.get("secret") or ()):
        if path := secret.get("src") or ("" if secret.get("env") else secret.get("id", "")):
            found.add(Permission(READ, path))
    keys = [_ssh(entry) for entry in body.get("ssh") or ()]
    if any(not paths for paths in keys) or (not keys and _GIT_SSH.match(context)):
        found.add(Permission(SSH))
    found |= {Permission(READ, path or ".") for paths in keys for path in paths}
    found |= local_caches(body)
    for output in map(read_output, body.get("output") or ()):
        dest = output.get("dest", "")
        if dest and dest != "-" and output.get("type") in {"local", "tar", "oci", "docker"}:
            found.add(Permission(WRITE, dest))
    if body.get("network") == "host":
        found.add(Permission(NETWORK))
    for entitlement in body.get("entitlements") or ():
        key, _, value = str(entitlement).partition("=")
        if key == DEVICE:
            found.add(Permission(DEVICE, _first_field(value)))
        elif entitlement in {NETWORK, INSECURE}:
            found.add(Permission(str(entitlement)))
    return frozenset(found)


def local_caches(body: Mapping[str, Any]) -> frozenset[Permission]:
    """Return the folders of the local caches that a target imports and exports."""
    ways = (("cache-from", READ, "src"), ("cache-to", WRITE, "dest"))
    return frozenset(
        Permission(key, cache[field] or ".")
        for way, key, field in ways
        for cache in map(_cache, body.get(way) or ())
        if cache.get("type") == "local" and field in cache
    )


def linked(bodies: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    """Return `names` and the targets that they link to with `target:`, each once."""
    found: dict[str, None] = {}
    open_names = [name for name in names if name in bodies]
    while open_names:
        name = open_names.pop(0)
        if name not in found:
            found[name] = None
            named = (bodies[name].get("contexts") or {}).values()
            links = (str(value).removeprefix("target:") for value in named if _is_link(value))
            open_names += [link for link in links if link in bodies]
    return list(found)


def missing(needs: Iterable[Need], granted: Iterable[Permission]) -> tuple[Permission, ...]:
    """Return the needed permissions that aren't granted, without paths below another."""
    granted = tuple(granted)
    open_ = {one.asked for one in needs if not any(map(one.is_covered_by, granted))}
    top = (one for one in open_ if not any(o != one and o.covers(one) for o in open_))
    return tuple(sorted(top, key=_place))


def pushes(name: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a description of what a target writes to registries or remote caches."""
    told = []
    for output in map(read_output, body.get("output") or ()):
        if is_pushing(output):
            where = ", ".join(body.get("tags") or ()) or output.get("name", "") or "a registry"
            told.append(f"pushes {name} to {where}")
    for cache in map(_cache, body.get("cache-to") or ()):
        if cache.get("type") in _REMOTE_CACHES:
            where = cache.get("ref") or cache.get("bucket") or cache.get("name") or ""
            told.append(f"exports the cache of {name} to {cache['type']} {where}".rstrip())
    return tuple(dict.fromkeys(told))


def is_pushing(output: Mapping[str, str]) -> bool:
    """Return whether the build itself pushes an output."""
    if output.get("type") == "registry":
        return True
    no = {"0", "f", "F", "false", "FALSE", "False"}
    return output.get("type") == "image" and output.get("push", "0") not in no


def names_in_outputs(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a target's outputs give its image: `type=registry,name=REF`.

    A name for the local engine counts only if there is no other: it isn't meant to be pushed.
    """
    outputs = [read_output(entry) for entry in body.get("output") or ()]
    named = [output for output in outputs if is_image(output) and "name" in output]
    pushed = [output for output in named if output["type"] != "docker"]
    parts = (part.strip() for output in pushed or named for part in output["name"].split(","))
    return tuple(dict.fromkeys(filter(None, parts)))


def without_remote_caches(entries: Iterable[Any]) -> list[Any]:
    """Return the entries of `cache-to` except those that use the user's credentials."""
    return [entry for entry in entries if _cache(entry).get("type") not in _REMOTE_CACHES]


def described(permissions: Iterable[Permission], folder: str) -> list[str]:
    """Describe permissions in Buildx's terms."""
    words = {
        NETWORK: "use the host's network in build containers",
        INSECURE: "run privileged build containers",
        SSH: "forward the SSH agent",
        DEVICE: "access CDI devices",
        READ_WRITE: "read and write {}",
        READ: "read {}",
        WRITE: "write {}",
    }
    return [
        f"access device {one.value}"
        if one.key == DEVICE and one.value
        else words[one.key].format(one.value)
        for one in _as_shown(permissions, folder)
    ]


def allow_flags(permissions: Iterable[Permission], folder: str) -> list[str]:
    """Return the flags that grant `permissions` when run in `folder`, quoted for a shell."""
    import shlex

    return [shlex.quote(f"--allow={one}") for one in _as_shown(permissions, folder)]


def _as_shown(permissions: Iterable[Permission], folder: str) -> list[Permission]:
    """Merge reading and writing of one path; shorten paths relative to `folder`."""
    given = set(permissions)
    both = {one.value for one in given if one.key == READ} & {
        one.value for one in given if one.key == WRITE
    }
    shown = {
        Permission(READ_WRITE if one.value in both else one.key, _near(one.value, folder))
        if one.key in {READ, WRITE}
        else one
        for one in given
    }
    return sorted(shown, key=_place)


def _near(path: str, folder: str) -> str:
    if not path.startswith("/") or not folder:
        return path
    relative = posixpath.relpath(path, folder)
    return path if relative.startswith("../..") else relative


def _place(permission: Permission) -> tuple[int, str]:
    return _ORDER.index(permission.key), permission.value


_REMOTE_CACHES = {"registry", "s3", "azblob"}


def _is_link(value: object) -> bool:
    return str(value).startswith("target:")


def _clean(path: str) -> str:
    """Return the path as Go's path.Clean does."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _context(context: str) -> str:
    if context.startswith("cwd://"):
        return _clean(context.removeprefix("cwd://"))
    return context if _is_remote(context) else _clean(context)


def _dockerfile(dockerfile: str, context: str) -> str:
    if dockerfile.startswith("cwd://"):
        return _clean(dockerfile.removeprefix("cwd://"))
    dockerfile = _clean(dockerfile)
    if _is_remote(context) or dockerfile.startswith("/"):
        return dockerfile
    return _clean(f"{context}/{dockerfile}")


def _elsewhere(named: str) -> bool:
    return _is_remote(named) or named.startswith(("target:", "docker-image://"))


def _is_remote(path: str) -> bool:
    if path.startswith(_HTTP):
        return True
    return bool(_CERTAINLY_GIT.fullmatch(path)) and ".." not in path.split("/")


def _first_field(text: str) -> str:
    return next(iter(fields_of(text)), "")


def _secret(entry: Any) -> dict[str, str]:
    told = attributes_of(entry)
    if isinstance(entry, Mapping):
        return told
    if "source" in told:
        told["src"] = told.pop("source")
    if told.get("type") == "env" and not told.get("env"):
        told["env"] = told.pop("src", "")
    return told


def _ssh(entry: Any) -> list[str]:
    """Return the paths of keys and sockets; none: the agent of the environment."""
    if isinstance(entry, Mapping):
        return [str(path) for path in entry.get("paths") or ()]
    _, equals, paths = str(entry).partition("=")
    return paths.split(",") if equals else []


def _cache(entry: Any) -> dict[str, str]:
    if not isinstance(entry, Mapping):
        fields = fields_of(str(entry))
        if len(fields) == 1 and "=" not in fields[0]:
            return {"type": "registry", "ref": fields[0]}
    return attributes_of(entry)
