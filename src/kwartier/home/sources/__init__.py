"""Where bytes come from. A source is opened again and again, and raises SourceLost when its line is gone: nothing else."""
