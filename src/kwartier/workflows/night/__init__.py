"""S13, S14: in principle read at night, what was used that day."""
