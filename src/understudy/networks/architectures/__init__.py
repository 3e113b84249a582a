"""The networks that swap faces, one family a file. Each is found by its name in `networks/catalog.py`."""
