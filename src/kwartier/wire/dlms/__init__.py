"""DLMS/COSEM (IEC 62056-5-3, -6-2, -47) without I/O: `client` reads meters, `server` is the meter; written apart."""
