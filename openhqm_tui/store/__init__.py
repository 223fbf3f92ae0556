"""Layer 2: data on disk: run folders, settings, history."""
