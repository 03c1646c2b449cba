"""What holds for every test: no network beyond this machine, and long matrices only when asked for."""

import ipaddress
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["fixtures_postgres"]

CHAIN = Path(__file__).parent / "chain"
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

# No deadline per example: the machine is shared with servers and other tests.
settings.register_profile("kwartier", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("kwartier")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long matrices too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `full`, unless asked for it."""
    if config.getoption("--full"):
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep what shares one long night on one worker: the whole chain is run once for all tests of it."""
    if item.path.is_relative_to(CHAIN) and not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group("chain"))
