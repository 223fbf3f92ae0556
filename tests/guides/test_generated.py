"""The generated guides (`make guides`) are up to date."""

from __future__ import annotations

import re

import pytest

from openhqm_tui.cli.buildx_flags import FLAGS
from openhqm_tui.report.gather import read_report
from openhqm_tui.store.checks_files import our_variants
from tests.guides.flags import filled as filled_flags
from tests.guides.places import GUIDES
from tests.guides.results import results_page
from tests.guides.settings import filled as filled_settings
from tests.guides.variants import filled, sizes
from tests.our_variants import OUR_CHECKS
from tests.recordings import recording

RESULTS = (GUIDES / "results.md").read_text(encoding="utf-8")
ALL = len(OUR_CHECKS)
VARIANTS = (GUIDES / "variants.md").read_text(encoding="utf-8")


def test_the_tables_of_variants_are_up_to_date():
    assert filled(VARIANTS, RESULTS) == VARIANTS


def test_the_table_of_settings_is_up_to_date():
    page = (GUIDES / "settings.md").read_text(encoding="utf-8")
    assert filled_settings(page) == page


def test_the_table_of_flags_is_up_to_date():
    page = (GUIDES / "bake.md").read_text(encoding="utf-8")
    assert filled_flags(page) == page
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `-")]
    assert len(rows) == len(FLAGS)
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)


def test_results_without_all_images_are_refused():
    with pytest.raises(ValueError, match="all variants"):
        sizes(RESULTS.replace("| `kafka` |", "| `kafkas` |"))


def test_all_images_of_the_run_were_verified():
    lanes = re.findall(
        rf"^\| `(\w+)` \| `(linux/\w+)` \w+ \| ✓ verified \| {ALL} of {ALL}", RESULTS, re.M
    )
    names = [variant.name for variant in our_variants()]
    assert lanes == [(name, f"linux/{arch}") for name in names for arch in ("amd64", "arm64")]


def test_every_check_has_a_row_with_a_result_for_every_image():
    for check in OUR_CHECKS:
        assert re.search(rf"^\| `{check}` \|( ✓✓ \|){{{len(our_variants())}}}$", RESULTS, re.M), (
            check
        )


def test_the_page_generated_from_a_recorded_run_has_the_same_sections():
    report = read_report(recording("verified"))
    page = results_page(report, report)
    heads = re.findall(r"^##? (.*)$", RESULTS, re.M)
    assert [head for head in re.findall(r"^##? (.*)$", page, re.M) if head != "Failures"] == heads
    assert "<details>" not in page
