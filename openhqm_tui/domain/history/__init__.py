"""What earlier runs tell: records, trends, comparisons, estimates."""
