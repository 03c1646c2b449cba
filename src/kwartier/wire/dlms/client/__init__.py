"""The client side of DLMS/COSEM over TCP, sans-IO: bytes in, events and bytes out (as h11 does it).

`association.Association` reads a meter over HLS5-GMAC with ciphering; `public.PublicClient` reads its invocation counter without.
Both are fed by `framing.Deframer`. Randomness and counters are parameters; every decoder raises DlmsError and nothing else.
"""
