"""How a headless run is shown."""
