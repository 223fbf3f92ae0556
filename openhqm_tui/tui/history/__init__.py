"""Earlier runs, trends and comparisons."""
