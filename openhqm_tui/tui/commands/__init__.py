"""The registry of commands: keys, footer, palette, help."""
