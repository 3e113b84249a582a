"""Crowds of rendered people who are nobody: the truth that our own face network learns from.

`sample.Sample` is one picture with everything that is true about it.
"""
