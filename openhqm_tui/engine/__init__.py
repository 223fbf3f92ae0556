"""Layer 2: the Docker engine, Buildx, images, and diagnosis of the machine."""
