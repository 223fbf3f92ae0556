"""Layer 1: the model of a build. Pure: no I/O, no clock, no screen."""
