"""The source of a build."""
