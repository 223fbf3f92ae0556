"""Join images that were proved and pushed platform by platform into one index each.

    merge_index.py --name ghcr.io/acme/openhqm --tag v1 report-amd64.json report-arm64.json

Each report is what `openhqm-tui report --format json` tells of one run with `--push`. Nothing is
tagged unless every image of every report is proved. Each index is read back and compared. With
GITHUB_OUTPUT set, `indexes` is a JSON list of variant, digest and tags for the jobs that follow,
`images` one of variant, platform, name and digest of what the indexes hold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ATTESTATION = "vnd.docker.reference.type"


def images_in(reports: list[dict[str, Any]]) -> dict[str, dict[str, tuple[str, str]]]:
    """Return variant → platform → reference and digest; ends where one is not proved."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    wrong: list[str] = []
    for report in reports:
        targets = {target["name"]: target for target in report["targets"]}
        for lane in report["lanes"]:
            target, platform = targets[lane["target"]], lane["platform"]
            if lane["status"] != "passed" or target["pushed"] != "passed" or not lane["digest"]:
                wrong.append(
                    f"{lane['target']} {platform} is {lane['result']}, not proved and pushed"
                )
                continue
            repository = target["tags"][0].rpartition(":")[0]
            of_variant = found.setdefault(lane["variant"], {})
            if platform in of_variant:
                wrong.append(f"{lane['variant']} {platform} is in two reports")
            of_variant[platform] = (f"{repository}@{lane['digest']}", lane["digest"])
    platforms = {platform for of_variant in found.values() for platform in of_variant}
    for variant, of_variant in found.items():
        wrong += [f"{variant} {one} is in no report" for one in sorted(platforms - set(of_variant))]
    if wrong or not found:
        sys.exit("merge_index: nothing is tagged: " + ("; ".join(wrong) or "no image"))
    return found


def tags_of(name: str, tag: str, variant: str) -> list[str]:
    """Return the tags of a variant's index: `NAME:TAG` too for `all`."""
    return [*([f"{name}:{tag}"] if variant == "all" else []), f"{name}:{tag}-{variant}"]


def merge(variant: str, tags: list[str], images: dict[str, tuple[str, str]]) -> str:
    """Push one index of images that are in the registry; return its digest, as read back."""
    sources = [reference for reference, _ in images.values()]
    named = [word for tag in tags for word in ("--tag", tag)]
    subprocess.run(["docker", "buildx", "imagetools", "create", *named, *sources], check=True)
    digests = set()
    for tag in tags:
        inspected = ["docker", "buildx", "imagetools", "inspect", "--raw", tag]
        raw = subprocess.run(inspected, check=True, capture_output=True).stdout
        there = {
            one["digest"]
            for one in json.loads(raw).get("manifests", ())
            if ATTESTATION not in one.get("annotations", {})
        }
        if there != {digest for _, digest in images.values()}:
            sys.exit(f"merge_index: {tag} holds other images than were proved: {sorted(there)}")
        digests.add(f"sha256:{hashlib.sha256(raw).hexdigest()}")
    if len(digests) != 1:
        sys.exit(f"merge_index: the tags of {variant} are of different indexes")
    return digests.pop()


def main(words: list[str]) -> int:
    """Merge all variants and return 0; each check comes before the first tag."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--tag", required=True)
    parser.add_argument("reports", nargs="+", type=Path)
    told = parser.parse_args(words)
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in told.reports]
    indexes, single = [], []
    for variant, images in images_in(reports).items():
        tags = tags_of(told.name, told.tag, variant)
        digest = merge(variant, tags, images)
        indexes.append({"variant": variant, "digest": digest, "tags": tags})
        single += [
            {
                "variant": variant,
                "platform": platform,
                "name": f"{variant}-{platform.replace('/', '-')}",
                "digest": image,
            }
            for platform, (_, image) in images.items()
        ]
        sys.stdout.write(f"{tags[-1]}  {digest}  {' '.join(sorted(images))}\n")
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(f"indexes={json.dumps(indexes)}\nimages={json.dumps(single)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
