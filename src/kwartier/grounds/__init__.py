"""WHY: the code of conduct as a dated table, the one function that decides by it, and who may know what."""
