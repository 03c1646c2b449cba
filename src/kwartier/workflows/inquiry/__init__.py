"""S2: the customer looks at what is held, who may see it and who looked."""
