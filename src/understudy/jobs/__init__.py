"""Run stages: the whole job from two clips to a finished shot, stopping, resuming, status, doctor, demo."""
