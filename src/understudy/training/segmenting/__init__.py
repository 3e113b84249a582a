"""Teach a segmenter what covers the faces of one shot, from regions drawn on a few of them."""
