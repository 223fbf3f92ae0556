"""Putting the checks to an image."""
