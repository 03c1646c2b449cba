"""The executor that carries batches of work: in this process, in a pool of processes, or on a cluster."""
