"""Layer 3: executing a plan and following the run."""
