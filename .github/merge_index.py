"""Join images that were verified and pushed platform by platform into one index per variant.

    merge_index.py --name ghcr.io/acme/openhqm --tags "1.2.3 1.2 latest" report-*.json

Each report is what `openhqm-tui report --format json` tells of one run with `--push`. Nothing is
tagged unless every image of every report is verified. Each index is read back and compared. The
first tag is the version's own; the others move only once all variants have that one. With
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
Images = dict[str, dict[str, tuple[str, str]]]


def images_in(reports: list[dict[str, Any]]) -> Images:
    """Return variant → platform → reference and digest; ends where one is not verified."""
    found: Images = {}
    wrong: list[str] = []
    for report in reports:
        targets = {target["name"]: target for target in report["targets"]}
        for lane in report["lanes"]:
            target, platform = targets[lane["target"]], lane["platform"]
            if lane["status"] != "passed" or target["pushed"] != "passed" or not lane["digest"]:
                wrong.append(
                    f"{lane['target']} {platform} is {lane['result']}, not verified and pushed"
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


def read_report(path: Path) -> dict[str, Any]:
    """Return a report; ends, with its name, where it is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"merge_index: {path} can't be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        sys.exit(f"merge_index: {path} is no JSON: {error}")
    if not isinstance(report, dict) or not {"lanes", "targets"} <= report.keys():
        sys.exit(f"merge_index: {path} is no report of `openhqm-tui report --format json`")
    return report


def references(name: str, tag: str, variant: str) -> list[str]:
    """Return what one tag makes of a variant's index: `NAME:TAG` too for `all`."""
    return [*([f"{name}:{tag}"] if variant == "all" else []), f"{name}:{tag}-{variant}"]


def imagetools(*words: str) -> bytes:
    """Return what `docker buildx imagetools` says; ends, with its last line, where it fails."""
    ran = subprocess.run(["docker", "buildx", "imagetools", *words], capture_output=True)
    if ran.returncode:
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        why = lines[-1].removeprefix("ERROR: ") if lines else f"exit code {ran.returncode}"
        sys.exit(f"merge_index: imagetools {words[0]} of {words[-1]}: {why}")
    return ran.stdout


def merge(variant: str, tags: list[str], images: dict[str, tuple[str, str]]) -> str:
    """Push one index of images that are in the registry; return its digest, as read back."""
    sources = [reference for reference, _ in images.values()]
    named = [word for tag in tags for word in ("--tag", tag)]
    imagetools("create", *named, *sources)
    digests = set()
    for tag in tags:
        raw = imagetools("inspect", "--raw", tag)
        there = {
            one["digest"]
            for one in json.loads(raw).get("manifests", ())
            if ATTESTATION not in one.get("annotations", {})
        }
        if there != {digest for _, digest in images.values()}:
            sys.exit(f"merge_index: {tag} holds other images than were verified: {sorted(there)}")
        digests.add(f"sha256:{hashlib.sha256(raw).hexdigest()}")
    if len(digests) != 1:
        sys.exit(f"merge_index: the tags of {variant} are of different indexes")
    return digests.pop()


def merge_all(name: str, tags: list[str], found: Images) -> list[dict[str, Any]]:
    """Push all variants' indexes under the version's own tag, then under the moving ones."""
    own, *moving = tags
    indexes = []
    for variant, images in found.items():
        named = references(name, own, variant)
        digest = merge(variant, named, images)
        indexes.append({"variant": variant, "digest": digest, "tags": named})
    for index in indexes:
        named = [one for tag in moving for one in references(name, tag, index["variant"])]
        if named and merge(index["variant"], named, found[index["variant"]]) != index["digest"]:
            sys.exit(f"merge_index: the tags of {index['variant']} are of different indexes")
        index["tags"] += named
    return indexes


def main(words: list[str]) -> int:
    """Merge all variants and return 0; each check comes before the first tag."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--tags", required=True, type=str.split)
    parser.add_argument("reports", nargs="+", type=Path)
    told = parser.parse_args(words)
    if not told.tags:
        sys.exit("merge_index: --tags has no tag: give the version's own, then the moving ones")
    try:
        found = images_in([read_report(path) for path in told.reports])
        indexes = merge_all(told.name, told.tags, found)
    except FileNotFoundError:
        sys.exit("merge_index: the `docker` command was not found")
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        sys.exit(f"merge_index: a report or an index isn't as expected: {error!r}")
    except (OSError, ValueError) as error:
        sys.exit(f"merge_index: {error}")
    for index in indexes:
        sys.stdout.write(f"{index['tags'][0]}  {index['digest']}  {index['variant']}\n")
    single = [
        {
            "variant": variant,
            "platform": platform,
            "name": f"{variant}-{platform.replace('/', '-')}",
            "digest": digest,
        }
        for variant, images in found.items()
        for platform, (_, digest) in images.items()
    ]
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(f"indexes={json.dumps(indexes)}\nimages={json.dumps(single)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
