"""The guides in the console: how they are opened, drawn and searched."""
