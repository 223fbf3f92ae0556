"""The output of headless runs."""
