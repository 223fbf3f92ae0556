"""OpenHQM's variants in the bundled data."""

from __future__ import annotations

from openhqm_tui.domain.checks.catalog import checks_for
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.run.start.expectations import expectation_of
from openhqm_tui.store.checks_files import our_variant, our_variants

VARIANTS = our_variants()
VARIANT_NAMES = tuple(variant.name for variant in VARIANTS)
ALL_CLIENTS = our_variant("all").clients
find_variant = our_variant
_AMD64 = parse_platform("linux/amd64")
# The checks of all our images: a new check is included once openhqm.toml has its key.
OUR_CHECKS = checks_for(expectation_of(VARIANTS[0], _AMD64, (_AMD64,), python="3.13"))
