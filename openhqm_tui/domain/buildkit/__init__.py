"""BuildKit's own stream, decoded."""
