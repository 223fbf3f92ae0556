"""Floor 4: the command line, for people and for machines."""
