"""What all screens share, and what knows no screen."""
