"""A town of meters behind the wire, in a process of its own. It knows only the model and the wire."""
