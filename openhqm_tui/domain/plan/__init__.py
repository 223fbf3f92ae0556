"""From build options to the bake file."""
