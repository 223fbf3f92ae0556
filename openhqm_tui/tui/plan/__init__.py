"""Choosing what to build."""
