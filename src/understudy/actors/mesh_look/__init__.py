"""A second look for rendered people: a free head mesh given by a folder, painted, lit and filmed by us.

The mesh is no part of the product. Whoever has one gives its folder, and gets samples with exact truth.
"""
