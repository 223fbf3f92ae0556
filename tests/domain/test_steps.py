"""Parsing of vertex names: lane, stage, position, and where the step ran."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.buildkit.vertex import (
    ExecutionMode,
    StepKind,
    how_built,
    how_it_ran,
    parse_step_name,
)
from openhqm_tui.domain.platforms import Platform, parse_platform

AMD, ARM = parse_platform("amd64"), parse_platform("arm64")


@pytest.mark.parametrize(
    ("name", "kind", "label", "ran_on", "made_for"),
    [
        ("[1/3] FROM scratch", StepKind.BUILD, "1/3 FROM scratch", None, None),
        ("[core 2/3] RUN x", StepKind.BUILD, "core 2/3 RUN x", None, None),
        ("[linux/arm64 core 2/3] RUN x", StepKind.BUILD, "core 2/3 RUN x", ARM, ARM),
        ("[redis linux/arm64 core 2/3] RUN x", StepKind.BUILD, "core 2/3 RUN x", ARM, ARM),
        ("[linux/amd64->arm64 core 1/1] RUN x", StepKind.BUILD, "core 1/1 RUN x", AMD, ARM),
        ("[linux/amd64->linux/arm64 core 1/1] RUN x", StepKind.BUILD, "core 1/1 RUN x", AMD, ARM),
        ("[redis core 2/3] RUN x", StepKind.BUILD, "redis core 2/3 RUN x", None, None),
        ("[internal] load .dockerignore", StepKind.INTERNAL, "load .dockerignore", None, None),
        ("[redis internal] load metadata", StepKind.INTERNAL, "load metadata", None, None),
        (
            "[auth] library/python:pull token",
            StepKind.INTERNAL,
            "auth library/python:pull token",
            None,
            None,
        ),
        ("exporting to image", StepKind.EXPORT, "exporting to image", None, None),
        ("pushing layers", StepKind.EXPORT, "pushing layers", None, None),
        (
            "resolve image config for docker-image://x",
            StepKind.INTERNAL,
            "resolve image config for docker-image://x",
            None,
            None,
        ),
        (
            "[context python:3.13-slim] base:1",
            StepKind.BUILD,
            "context python:3.13-slim base:1",
            None,
            None,
        ),
        ("[linux/vax core 1/2] RUN x", StepKind.BUILD, "linux/vax core 1/2 RUN x", None, None),
        ("", StepKind.INTERNAL, "", None, None),
        ("[", StepKind.INTERNAL, "[", None, None),
        (
            "[a 1/2] RUN echo '\x1b[31m]' \\\n  && x",
            StepKind.BUILD,
            "a 1/2 RUN echo ']' \\ && x",
            None,
            None,
        ),
    ],
)
def test_a_vertex_name_is_parsed_into_its_parts(
    name: str, kind: StepKind, label: str, ran_on: Platform | None, made_for: Platform | None
) -> None:
    step = parse_step_name(name)
    assert (step.kind, step.label) == (kind, label)
    assert (step.ran_on, step.made_for) == (ran_on, made_for)


_WORDS = st.sampled_from(["[", "]", "linux/arm64", "->", "1/2", "9" * 5000 + "/1", " ", "internal"])


@given(st.one_of(st.text(), st.lists(_WORDS | st.text(max_size=3), max_size=8).map("".join)))
@settings(deadline=None, max_examples=80)
def test_any_vertex_name_becomes_one_line(name: str) -> None:
    step = parse_step_name(name)
    assert "\n" not in step.title
    assert "\x1b" not in step.label


@pytest.mark.parametrize(
    ("name", "host", "lane", "how"),
    [
        ("[linux/amd64 a 1/1] RUN", AMD, AMD, ExecutionMode.NATIVE),
        ("[linux/arm64 a 1/1] RUN", AMD, ARM, ExecutionMode.EMULATED),
        ("[linux/amd64->arm64 a 1/1] RUN", AMD, ARM, ExecutionMode.CROSS),
        ("[linux/amd64->arm64 a 1/1] RUN", ARM, ARM, ExecutionMode.EMULATED),
        ("[a 1/1] RUN", AMD, ARM, ExecutionMode.EMULATED),
        ("[a 1/1] RUN", AMD, AMD, ExecutionMode.NATIVE),
        ("[linux/arm64 a 1/1] COPY --from=b /x /x", AMD, ARM, ExecutionMode.CROSS),
        ("[linux/arm64 a 1/1] WORKDIR /app", AMD, ARM, ExecutionMode.CROSS),
        ("[linux/arm64 a 1/1] COPYCAT", AMD, ARM, ExecutionMode.EMULATED),
        ("[linux/amd64 a 1/1] COPY . .", AMD, AMD, ExecutionMode.NATIVE),
        ("[a 1/1] RUN", None, AMD, None),
        ("[a 1/1] RUN", AMD, None, None),
    ],
)
def test_a_step_is_native_emulated_or_cross(
    name: str, host: Platform | None, lane: Platform | None, how: ExecutionMode | None
) -> None:
    assert how_it_ran(parse_step_name(name), host, lane) is how


@pytest.mark.parametrize(
    ("steps", "platform", "host", "how"),
    [
        ([ExecutionMode.NATIVE, ExecutionMode.NATIVE], AMD, AMD, ExecutionMode.NATIVE),
        ([], AMD, AMD, ExecutionMode.NATIVE),
        ([ExecutionMode.CROSS, ExecutionMode.NATIVE], ARM, AMD, ExecutionMode.CROSS),
        ([ExecutionMode.CROSS, ExecutionMode.EMULATED, None], ARM, AMD, ExecutionMode.EMULATED),
        ([], ARM, AMD, None),
        ([None], ARM, None, None),
    ],
)
def test_a_lane_is_emulated_if_any_step_is(
    steps: list[ExecutionMode | None],
    platform: Platform,
    host: Platform | None,
    how: ExecutionMode | None,
) -> None:
    assert how_built(steps, platform, host) is how


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("[redis__linux-arm64 linux/arm64 build 1/2] RUN x", StepKind.BUILD, "build 1/2 RUN x"),
        ("[redis__linux-arm64] exporting to image", StepKind.EXPORT, "exporting to image"),
        (
            "[redis__linux-arm-v7 internal] load .dockerignore",
            StepKind.INTERNAL,
            "load .dockerignore",
        ),
        ("[redis__linux-arm64 context base] load x", StepKind.BUILD, "context base load x"),
        ("[redis__linux-arm64] resolving provenance", StepKind.INTERNAL, "resolving provenance"),
    ],
)
def test_the_suffix_of_a_split_target_is_not_a_stage(name: str, kind: StepKind, label: str) -> None:
    step = parse_step_name(name)
    assert (step.kind, step.label) == (kind, label)
