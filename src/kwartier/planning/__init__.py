"""WHICH: what could be due about a day, and the least set of meter reads that serves the permits."""
