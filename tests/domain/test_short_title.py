"""Short titles of steps."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.buildkit.vertex import parse_step_name

TITLES = [
    ("RUN pip install flask", "RUN pip install flask"),
    ("RUN --mount=type=secret,id=x install", "RUN install"),
    ("RUN --mount=type=secret,id=x --mount=type=cache,target=/c install -q", "RUN install -q"),
    ('RUN --mount=type=cache,"target=/a b" --network=none make all', "RUN make all"),
    ("RUN --mount=type=cache,target='/a b' make", "RUN make"),
    ("RUN --security=insecure --device=x mount", "RUN mount"),
    # Flags of the command stay.
    ("RUN pip install --no-deps --target=/x y", "RUN pip install --no-deps --target=/x y"),
    ("RUN --network=none pip --version", "RUN pip --version"),
    ("COPY --link --chown=1000:1000 --chmod=755 a b", "COPY a b"),
    ("COPY --link --from=app /layer/ /", "COPY --from=app /layer/ /"),
    ("LINK COPY --link --from=app /layer/ /", "LINK COPY --from=app /layer/ /"),
    ("COPY --from=app --exclude=*.md --parents x y", "COPY --from=app x y"),
    ("COPY --chmod=755 <<EOF /install", "COPY <<EOF /install"),
    ("ADD --keep-git-dir=true --checksum=sha256:1 u /x", "ADD u /x"),
    ("FROM --platform=$BUILDPLATFORM x AS y", "FROM --platform=$BUILDPLATFORM x AS y"),
    ("RUN set -eux; apt-get update", "RUN apt-get update"),
    ("RUN set -e && set -o pipefail && make", "RUN make"),
    ("RUN set -euo pipefail; make", "RUN make"),
    ("RUN --mount=type=cache,target=/c set -ex; make", "RUN make"),
    ("RUN set -eux", "RUN set -eux"),
    ("RUN set -eux;", "RUN set -eux;"),
    ("RUN settings; make", "RUN settings; make"),
    ("RUN --mount=type=bind,target=/b <<'EOF' (#!/usr/bin/env python3...)", "RUN python3 script"),
    ("RUN <<EOF (#!/bin/sh...)", "RUN sh script"),
    ("RUN <<EOF (apt-get update...)", "RUN apt-get update…"),
    ("RUN <<EOF (apt-get update)", "RUN apt-get update"),
    ("RUN <<EOF (set -eux...)", "RUN script"),
    ("RUN <<EOF apt-get update apt-get install x EOF", "RUN <<EOF"),
    ("RUN cat <<EOF >/x (one...)", "RUN cat <<EOF >/x (one...)"),
    ("core 2/3 RUN --mount=type=secret,id=x install", "core 2/3 RUN install"),
    ("RUN --mount=type=secret,id=x --mount=type=cache,targ…", "RUN"),
    ('RUN --mount=type=secret,id="x install', 'RUN --mount=type=secret,id="x install'),
    ("exporting to image", "exporting to image"),
    ("load metadata for python:3.13", "load metadata for python:3.13"),
    ("[internal] load --mount=x", "[internal] load --mount=x"),
    ("", ""),
]


@pytest.mark.parametrize(("title", "short"), TITLES)
def test_mounts_flags_and_heredocs_are_left_out(title: str, short: str) -> None:
    assert short_title(title) == short


@pytest.mark.parametrize(("title", "short"), TITLES)
def test_a_short_title_stays_as_it_is(title: str, short: str) -> None:
    assert short_title(short) == short


def test_the_label_of_a_step_stays_the_key_of_its_history() -> None:
    name = parse_step_name("[linux/amd64 core 2/3] RUN --mount=type=secret,id=x install")
    assert name.label == "core 2/3 RUN --mount=type=secret,id=x install"
    assert name.short_label == "core 2/3 RUN install"


@pytest.mark.parametrize(
    "hostile",
    ["RUN " + "--a=" * 500, 'RUN --a="' * 200, "RUN set -e; " * 180, "RUN " + "<<EOF (" * 300],
)
def test_hostile_titles_are_shortened_too(hostile: str) -> None:
    assert len(short_title(hostile)) <= len(hostile)
