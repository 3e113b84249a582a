"""Clips of a project: added, told about, moved; films and images made from them."""
