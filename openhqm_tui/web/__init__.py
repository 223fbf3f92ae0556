"""The face in a browser: each tab is a console of its own; who may open one is decided here."""
