"""Orders of faces: what is measured on each once, and every way to sort or choose by it. Renames nothing."""
