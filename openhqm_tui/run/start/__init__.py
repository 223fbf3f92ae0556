"""Everything before the runner process exists."""
