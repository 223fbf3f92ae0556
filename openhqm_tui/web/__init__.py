"""The console in a browser: one process per tab, with access control."""
