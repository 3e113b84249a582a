"""From a clip to a faceset: find, decide who is who, cut out. `extract.py` is the stage."""
