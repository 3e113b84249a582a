"""Stages of a training, one after the other: what changes on the way, and when."""
