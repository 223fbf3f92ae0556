"""Files in folders that a stranger may have written."""
