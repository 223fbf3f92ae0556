"""One module for each command; `openhqm-tui NAME` imports NAME.py."""
