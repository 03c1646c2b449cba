"""The command line: the operator's edge. It alone says what happened, why, and what to do next."""
