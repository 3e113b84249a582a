"""Learn a model from facesets: cache, augmentation, losses, checkpoints, the loop. Never composites."""
