"""Layer 4: the command line, for people and programs."""
