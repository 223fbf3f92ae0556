"""Secrets: one table of their forms, with two uses: to find them, and to redact them."""
