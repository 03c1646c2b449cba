"""Read a day of quarter-hours from each of some meters with dlms-cosem, in that package's own environment and process.

Standard input has a JSON line per visit: [host, port, guek, gak, counter, from, to], keys in hex, moments ISO 8601. The first
visit warms up. Prints one JSON object: CPU per visit (user and system, us), how many visits, how many rows.
"""

import json
import logging
import resource
import sys
from datetime import datetime

import structlog
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem import selective_access
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.security import HighLevelSecurityGmacAuthentication

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # its debug log would double the cost
CLOCK = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)
QUARTERS = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0), 2)


def visit(host: str, port: int, guek: str, gak: str, counter: int, *moments: str) -> int:
    """Read one meter; return how many rows came."""
    first, last = map(datetime.fromisoformat, moments)
    client = DlmsClient(
        transport=TcpTransport(
            client_logical_address=1, server_logical_address=1, io=BlockingTcpIO(host=host, port=port, timeout=10)
        ),
        authentication=HighLevelSecurityGmacAuthentication(challenge_length=16),
        encryption_key=bytes.fromhex(guek),
        authentication_key=bytes.fromhex(gak),
        client_initial_invocation_counter=counter,
    )
    wanted = selective_access.RangeDescriptor(
        restricting_object=selective_access.CaptureObject(cosem_attribute=CLOCK, data_index=0), from_value=first, to_value=last
    )
    with client.session() as session:
        return len(utils.parse_as_dlms_data(session.get(QUARTERS, access_descriptor=wanted)))


def cpu_s() -> float:
    """Return the CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Visit them all."""
    first, *others = map(json.loads, sys.stdin)
    visit(*first)
    before = cpu_s()
    rows = sum(visit(*one) for one in others)
    print(json.dumps({"us": (cpu_s() - before) / len(others) * 1e6, "visits": len(others), "rows": rows}))


if __name__ == "__main__":
    main()
