"""Train a face model of one performer and recast them into the footage of another.

The folders are the pipeline; imports only point down. docs/architecture.md is the map.
"""

__version__ = "0.1.0"
