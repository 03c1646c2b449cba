"""The customer's own page and the public page of the code of conduct. Works without JavaScript, by keyboard, in Dutch and English."""
