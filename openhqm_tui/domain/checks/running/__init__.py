"""Checks that run the image, one in each module."""
