"""What is remembered of all runs, in one SQLite database."""
