"""Layer 4: the console (Textual)."""
