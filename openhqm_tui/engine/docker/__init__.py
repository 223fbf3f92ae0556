"""Access to the engine and to Buildx."""
