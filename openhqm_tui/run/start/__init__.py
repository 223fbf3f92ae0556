"""Everything that happens before the runner process starts."""
