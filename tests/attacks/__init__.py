"""How such tools were broken, and what croft does: a file for each case, begun by what registry.py reads."""
