"""Facesets of a project: curated, brought together, drawn on, masked, kept open, exchanged, shown."""
