"""Who agreed, what was made from what, and the marks that say so."""
