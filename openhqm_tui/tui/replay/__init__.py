"""Playing a recorded run."""
