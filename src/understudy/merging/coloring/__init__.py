"""Which colours the painted face has: transfers from dst's own face, and histograms."""
