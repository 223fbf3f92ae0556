"""What is to be built: from options to the bake file."""
