"""Where a build comes from."""
