"""What a model leaves on disk: description, checkpoints, metrics, locks."""
