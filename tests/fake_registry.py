"""The registries of `tests.fake_docker`: consistent digests and configurable responses.

The index of a variant is generated from its name and platforms. Its digest is that of its bytes, as
in a real registry, so the variant can be found by its digest.
"""

from __future__ import annotations

import hashlib
import json

from tests.eight_variants import EIGHT_NAMES

BOTH = ("amd64", "arm64")

# Part of the program of `tests.fake_docker`, which defines `options`, `place`, `touch` and `hold`.
PROGRAM = r'''
VARIANTS = ("all", "redis", "kafka", "sqs", "azure", "gcp", "mqtt", "minimal")


def raw_index(variant, archs=None, attestations=0):
    manifests = [
        {"digest": "sha256:" + arch, "platform": {"os": "linux", "architecture": arch}}
        for arch in (options["archs"] if archs is None else archs)
    ]
    manifests += [
        {
            "digest": "sha256:proof",
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        }
    ] * attestations
    return json.dumps({
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "annotations": {"variant": variant},
        "manifests": manifests,
    })


def hex_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(variant):
    return hex_of(raw_index(variant))


def part_digest(variant, arch):
    return hex_of("part of " + variant + " for " + arch)


def names():
    built = [name[6:] for name in os.listdir(HOME) if name.startswith("tries-")]
    return [*VARIANTS, *built]


def variant_of(digest):
    """Return the variant with this digest of an index or of a part of one."""
    for name in names():
        if digest in (digest_of(name), *(part_digest(name, a) for a in options["archs"])):
            return name
    return ""


def built_digests(words):
    """Return the contents of `--metadata-file` for a target, or for each of its parts."""
    target = words[-1]
    with open(words[words.index("-f") + 1]) as file:
        parts = json.load(file).get("group", {}).get(target, {}).get("targets")
    if not parts:
        return {target: {"containerimage.digest": "sha256:" + digest_of(target)}}
    digests = {part: part_digest(target, part.rpartition("-")[2]) for part in parts}
    return {part: {"containerimage.digest": "sha256:" + d} for part, d in digests.items()}


def imagetools(words):
    reference = words[-1]
    variant = variant_of(reference.rpartition("sha256:")[2]) or reference.rpartition("-")[2]
    if "--raw" in words:
        do = options["read_backs"].get(reference, {})
        if not do.get("err"):
            os.write(1, (do["raw"] if "raw" in do else raw_index(variant)).encode())
    elif "--dry-run" in words:
        do = {}
        os.write(1, raw_index(variant).encode() + b"\n")
    else:
        tag = words[words.index("--tag") + 1]
        do = options["pushes"].get(tag, {})
        if do.get("hold"):
            hold("held-push", "release-push")
    if do.get("err"):
        os.write(2, ("ERROR: " + do["err"] + "\n").encode())
        return 1
    return 0


def pulled(reference):
    """Return the pulled architectures of an image."""
    digest = reference.rpartition("sha256:")[2]
    return [a for a in options["archs"] if os.path.exists(place("pulled-" + digest + "-" + a))]


def pull(words):
    reference, arch = words[-1], words[words.index("--platform") + 1].rpartition("/")[2]
    if options["pull_error"]:
        os.write(2, ("Error response from daemon: " + options["pull_error"] + "\n").encode())
        return 1
    touch("pulled-" + reference.rpartition("sha256:")[2] + "-" + arch)
    return 0


def remove(words):
    digest = words[-1].rpartition("sha256:")[2]
    for arch in pulled(words[-1]):
        os.unlink(place("pulled-" + digest + "-" + arch))
    return 0
'''


def raw_index(variant: str, archs: tuple[str, ...] = BOTH, attestations: int = 0) -> str:
    """Return the index of a variant as in the fake registry."""
    space: dict[str, object] = {"options": {"archs": list(archs)}, "json": json, "hashlib": hashlib}
    exec(PROGRAM, space)
    made = space["raw_index"]
    assert callable(made)
    return str(made(variant, archs, attestations))


def digest_of(variant: str) -> str:
    """Return the digest of a variant's index, `sha256:…`."""
    return f"sha256:{hashlib.sha256(raw_index(variant).encode()).hexdigest()}"


def variant_of(digest: str) -> str:
    """Return the variant whose index has this digest, `sha256:…`."""
    return next(variant for variant in EIGHT_NAMES if digest_of(variant) == digest)
