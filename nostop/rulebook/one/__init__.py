"""A plan for one household: the reference meaning of every formula, and what explains a result."""
