"""Secrets: one table of patterns, used to find and to redact them."""
