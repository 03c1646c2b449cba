"""The P1 telegram, the tongue of the port in the customer's own home."""
