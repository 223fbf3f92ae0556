"""The checks: what is expected, what was seen, the verdict."""
