"""Talking to the engine and to Buildx."""
