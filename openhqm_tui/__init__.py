"""A terminal UI for Docker Buildx that builds side by side and verifies every image."""

__version__ = "0.1.0"
