"""What a log on screen is made of, without the screen: view, search, rows, picking."""
