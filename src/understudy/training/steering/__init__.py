"""How weights move: optimisers, rates over time, what is frozen."""
