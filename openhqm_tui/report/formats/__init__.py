"""One module for each report format, which `report/catalog.py` finds."""
