"""How files become facts: staged by COPY, judged in sets, then taken. One specification per file, one engine for all."""
