"""How a workflow goes to meters, whatever for: who is visited where, with which counters and keys, and when to stop."""
