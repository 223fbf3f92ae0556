"""Floor 1: what a build is. Pure: no I/O, no clock, no screen."""
