"""Colours of faces moved to those of others, in batches: before a model learns, and after it painted."""
