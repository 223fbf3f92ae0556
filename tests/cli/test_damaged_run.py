"""Damaged runs are shown to their end in every headless format."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from openhqm_tui.cli.output.follow import Output, show
from openhqm_tui.cli.output.jsonl import JsonOutput
from openhqm_tui.cli.output.plain import GithubOutput, PlainOutput
from openhqm_tui.run.follow.follower import Follower
from tests.damage import Bench

FORMATS: dict[str, Callable[[Follower, TextIO], Output]] = {
    "json": JsonOutput,
    "plain": PlainOutput,
    "github": GithubOutput,
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_run_is_shown_to_its_end(tmp_path: Path, form: str) -> None:
    bench, random_bytes = Bench(tmp_path), random.Random(form)
    for _ in range(150):
        folder, _size = bench.damaged(random_bytes.randbytes(random_bytes.randrange(8, 40)))
        out = io.StringIO()
        follower = Follower(folder)
        show(follower, FORMATS[form](follower, out))
        assert out.getvalue().endswith("\n")
        if form == "json":
            records = [json.loads(line) for line in out.getvalue().splitlines()]
            assert [records[0]["event"], records[-1]["event"]] == ["run", "summary"]
