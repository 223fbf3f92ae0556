"""Rounds of faults on a real engine, run by hand: `python -m tests.soak NAME` (`make soak`)."""
