"""Frames of a project's clip: what was found in each, faces by hand, tracks."""
