"""Reading faces with our own network: which crop it sees, and what it says in a frame's pixels."""
