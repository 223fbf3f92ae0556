"""Floor 2: the Docker engine, Buildx, images, and what a machine lacks for them."""
