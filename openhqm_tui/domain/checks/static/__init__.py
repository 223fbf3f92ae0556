"""Checks that don't run the image, one in each module."""
