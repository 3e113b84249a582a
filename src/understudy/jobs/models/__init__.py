"""Models of a project: planned, made, steered and watched, backed up, in from and out to other programs."""
