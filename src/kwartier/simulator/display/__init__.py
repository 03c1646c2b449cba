"""The displays of the homes' meters, as pages: what stands on the meter in the cupboard, for whoever has none to look at."""
