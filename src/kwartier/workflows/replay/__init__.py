"""Anyone concerned can check: log, store and meters compared both ways."""
