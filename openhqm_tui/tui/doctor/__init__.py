"""Findings about this machine, and their fixes."""
