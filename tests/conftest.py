"""What holds for every test: no network beyond this machine, and long matrices only when asked for."""

import gc
import ipaddress
import socket
import sys
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import scratch_support

pytest_plugins = ["fixtures_postgres"]

ONE_WORKER = (
    "tests/chain/test_by_dsn.py",
    "tests/chain/test_many_nights.py",
    "tests/chain/test_night",
    "tests/browser/",
    "tests/leaflet/",
    "tests/unit/workflows/replay/test_replay.py",
)
"""Tests that share one long night, by the beginning of their names: it is run once for all of a place."""
SAMPLED = ("tests/unit/workflows/", "tests/unit/web/")
"""Tests of which a sample will do where everything below them was tested, by the beginning of their names."""
ALLOWED = ipaddress.ip_network("127.0.0.0/8")
CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


class NetworkIsShutError(RuntimeError):
    """A test tried to leave this machine."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return address == ipaddress.ip_address("0.0.0.0") or address in ALLOWED  # noqa: S104 - to listen everywhere leaves nothing


def guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what leaves 127.0.0.0/8 before it is sent. An audit hook: it sees every socket that Python itself opens."""
    if event in RESOLVING:
        host: object = arguments[0]
    elif event in CONNECTING and isinstance(arguments[0], socket.socket):
        if arguments[0].family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(arguments[1], tuple):
            return
        host = arguments[1][0]
    else:
        return
    if not _is_loopback(host):
        msg = "tests reach 127.0.0.0/8 only"
        raise NetworkIsShutError(msg)


sys.addaudithook(guard)

scratch_support.settle()

# No deadline per example: the machine is shared with servers and other tests.
settings.register_profile("kwartier", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("kwartier")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long matrices too")
    parser.addoption("--one-in", type=int, default=1, metavar="N", help="of the workflows' tests run one in N, by their names")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `full`, unless asked for it, and what a sample leaves out."""
    whole, one_in = config.getoption("--full"), config.getoption("--one-in")
    left_out = {item for item in items if (not whole and item.get_closest_marker("full")) or _is_beside(item.nodeid, one_in)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _is_beside(nodeid: str, one_in: int) -> bool:
    """Tell whether a sample leaves a test out; it is the same sample each time."""
    return nodeid.startswith(SAMPLED) and crc32(nodeid.encode()) % one_in != 0


def pytest_collection_finish() -> None:
    """Leave what was read of all tests out of every later search for garbage, which took a quarter of the time of small tests."""
    gc.collect()
    gc.freeze()


class Scheduling(LoadScopeScheduling):
    """One test at a time to whichever worker is free, but for those that share a long night."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in ONE_WORKER if nodeid.startswith(place)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Keep on one worker what would else run the same night on each. The marks of xdist 3.8 do nothing under pytest 9.2."""
    return Scheduling(config, log)
