"""How far a painted face is from the goal, and what else is asked of it."""
