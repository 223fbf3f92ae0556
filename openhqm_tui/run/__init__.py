"""Floor 3: a plan being executed, and the following of it."""
