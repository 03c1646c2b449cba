"""Reads a range of quarter-hours with dlms-cosem. Runs in that package's own environment and process; nothing of Kwartier is here.

Usage: foreign_client.py HOST PORT GUEK GAK COUNTER FROM TO    (keys in hex, moments ISO 8601); prints rows as JSON.
"""

import json
import logging
import sys
from datetime import datetime

import structlog
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem import selective_access
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.security import HighLevelSecurityGmacAuthentication

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def main(host: str, port: str, guek: str, gak: str, counter: str, *moments: str) -> None:
    """Read and print; `moments` are the first and the last."""
    start, end = moments
    client = DlmsClient(
        transport=TcpTransport(
            client_logical_address=1, server_logical_address=1, io=BlockingTcpIO(host=host, port=int(port), timeout=10)
        ),
        authentication=HighLevelSecurityGmacAuthentication(challenge_length=32),
        encryption_key=bytes.fromhex(guek),
        authentication_key=bytes.fromhex(gak),
        client_initial_invocation_counter=int(counter),
    )
    clock = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)
    profile = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0), 2)
    wanted = selective_access.RangeDescriptor(
        restricting_object=selective_access.CaptureObject(cosem_attribute=clock, data_index=0),
        from_value=datetime.fromisoformat(start),
        to_value=datetime.fromisoformat(end),
    )
    with client.session() as session:
        rows = utils.parse_as_dlms_data(session.get(profile, access_descriptor=wanted))
    sys.stdout.write(json.dumps([[bytes(row[0]).hex(), *row[1:]] for row in rows]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
