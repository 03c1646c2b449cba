"""The tongues of meters, without any input or output: bytes in, events out."""
