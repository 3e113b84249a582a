"""Which pixels are face: hulls from landmarks and their arithmetic."""
