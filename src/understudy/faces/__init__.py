"""Find faces, place landmarks, align crops, follow people over time. Works on arrays, not on files."""
