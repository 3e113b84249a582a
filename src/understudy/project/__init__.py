"""The folder on disk: manifest, paths, locks, trash, migrations. Knows no pixels."""
