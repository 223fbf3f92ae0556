"""Planted faults: images that are wrong on purpose, each in one way, put before the product.

`table` says what they are; `images` builds them from a good image, all in one bake; `layout` makes
those that no build can make; `asking` questions them as a user would. `python -m tests.real.faults`
prints what came of it.
"""
