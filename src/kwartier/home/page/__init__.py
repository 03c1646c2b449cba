"""The home's own page: drawn on the server, in Dutch and English, readable without JavaScript."""
