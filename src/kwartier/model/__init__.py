"""The values that cross rooms: frozen, standard library only. Read this first."""
