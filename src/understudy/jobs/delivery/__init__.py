"""Finished files of a project: what they will be and say, whose consent they need, their marks."""
