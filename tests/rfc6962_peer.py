"""Roots after RFC 6962, section 2.1, written from its text alone: a program of its own that imports nothing of Kwartier.

Reads JSON lines on standard input, each a list of leaves in hexadecimal and the sizes asked for; writes the roots, in hexadecimal.
"""

import hashlib
import json
import sys


def mth(leaves: list[bytes]) -> bytes:
    """MTH: of nothing, of one, and of two halves, the first as large a power of two as is smaller than the whole."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k = 2 * k
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


for line in sys.stdin:
    given, sizes = json.loads(line)
    data = [bytes.fromhex(one) for one in given]
    sys.stdout.write(json.dumps([mth(data[:size]).hex() for size in sizes]) + "\n")
