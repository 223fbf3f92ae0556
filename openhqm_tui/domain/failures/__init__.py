"""From an error text to its cause and fix."""
