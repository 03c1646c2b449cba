"""S19: energy loss, under its own use case."""
