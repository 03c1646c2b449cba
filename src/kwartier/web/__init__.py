"""What people see in a browser, and what programs call."""
