"""S2, S12: the customer gives and takes back."""
