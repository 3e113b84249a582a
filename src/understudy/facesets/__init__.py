"""The faces a model learns from: the files, their metadata, the index, the extract stage."""
