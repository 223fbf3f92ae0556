"""The console's five places, and the dialogs over them."""
