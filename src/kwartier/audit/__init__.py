"""The log: what was decided, read, delivered and shown, in a tree that nobody can change unseen; proofs of it; their check."""
