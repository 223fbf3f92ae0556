"""Floor 2: what is kept on disk: run folders, settings."""
