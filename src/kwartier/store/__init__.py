"""Where facts and readings rest: the registry in PostgreSQL, the readings in a Delta table."""
