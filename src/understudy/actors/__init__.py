"""Rendered people who are nobody: procedural heads with exact truth, for demos and tests."""
