"""Watching builds side by side."""
