"""The meter's side of DLMS/COSEM, sans-IO: bytes in, bytes and events out. Written apart from the client's side.

`connection.Connection` is the entrance; `device.Device` is the meter behind it; `objects` and `profile` are its COSEM objects.
"""
