"""A small reference of OpenHQM: HTTP in, a queue behind, and a health endpoint that tells facts."""

__version__ = "1.0.0"
