"""Waterfall charts of steps and lanes."""
