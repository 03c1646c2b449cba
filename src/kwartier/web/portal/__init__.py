"""The customer's own page and the public code of conduct: without JavaScript, by keyboard, in Dutch and English."""
