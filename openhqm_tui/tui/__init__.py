"""Floor 4: the console (Textual)."""
