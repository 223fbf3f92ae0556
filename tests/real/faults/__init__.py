"""Planted faults: images that are wrong on purpose, each in one way, to test the checks.

`table` lists them; `images` builds them from a good image, all in one bake; `layout` makes those
that no build can make; `checking` checks them as a user would. `python -m tests.real.faults` prints
the results.
"""
