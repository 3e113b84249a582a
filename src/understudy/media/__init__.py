"""Clips in and out: the only room that opens containers and image files."""
