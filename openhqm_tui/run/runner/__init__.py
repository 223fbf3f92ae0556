"""The runner: the process that executes a run."""
