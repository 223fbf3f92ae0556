"""Data from earlier runs: records, trends, comparisons, estimates."""
