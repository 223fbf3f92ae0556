"""Words and symbols of statuses, and of missing values, as reports write them."""

from __future__ import annotations

from openhqm_tui.domain.run.status import (
    CHECK_FAILED,
    CUT_OFF,
    NOT_BEGUN,
    RUN_TEXTS,
    STATUS_TEXTS,
    STOPPED,
    VERDICT_TEXTS,
)

NOT_MEASURED = "not measured"
MARKS = {answer.value: text.symbol for answer, text in VERDICT_TEXTS.items()}
OUTCOMES = {outcome: str(text) for outcome, text in RUN_TEXTS.items()}
_RESULTS = (*STATUS_TEXTS.values(), CHECK_FAILED, STOPPED, CUT_OFF, NOT_BEGUN)
# The symbol of each word that a lane's result can be.
SYMBOLS = {text.word: text.symbol for text in _RESULTS}
