"""Running the checks of an image."""
