"""The finished shot as a file: encoded, labelled, signed, put in its place in one step."""
