"""The invisible mark in the picture itself: a number that leads to the ledger, read without the original."""
