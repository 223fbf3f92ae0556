"""The log widget and its parts: view, search, drawing, selection."""
