"""To be filled."""

from tests.tui.cases import Case

CASES: dict[str, Case] = {}
