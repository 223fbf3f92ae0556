"""A console over Docker Buildx that builds side by side and proves every image."""

__version__ = "0.1.0"
