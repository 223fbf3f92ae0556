"""OpenHQM's variants as the shipped data has them."""

from __future__ import annotations

from openhqm_tui.store.checks_files import our_variant, our_variants

VARIANTS = our_variants()
VARIANT_NAMES = tuple(variant.name for variant in VARIANTS)
ALL_CLIENTS = our_variant("all").clients
find_variant = our_variant
