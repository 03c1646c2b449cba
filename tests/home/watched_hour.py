"""A program: an hour of `kwartier-home`, every packet of which is looked at, in a network namespace of its own.

It reads a dongle, publishes to a broker, and its page is asked for; `stranger` adds somebody who tries to reach a name server and
a web site, to show that it would be seen. Prints one JSON object: `telegrams` understood, `packets` seen, and `begun`: each
conversation as [protocol, address, who stands there], and how often it was begun.
"""

import contextlib
import json
import socket
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import home_watch_support as watch
from home_process_support import Dongle, broker, free_port, running, subscribed, until
from home_support import House

AT = 1_781_000_100
HOUR_S = 3600
PAGES = ("/nl/", "/nl/live", "/en/day", "/en/month", "/en/peak", "/en/meter", "/csv/days", "/static/home.css")


def ask(address: str, path: str) -> str:
    """Ask for a page, over a plain socket: nobody else may speak here."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65_536), b"")).decode()


def stranger() -> None:
    """Try to reach a name server and a web site, as somebody who phones home would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(b"who?", ("192.0.2.53", 53))
    for family, place in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family) as telling:
            telling.settimeout(0.2)
            with contextlib.suppress(OSError):
                telling.connect((place, 443))


def main() -> None:
    """Watch the hour, and print what was seen."""
    watch.enter()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        broker_port, page_port = free_port(), free_port()
        settings = f'mqtt_host = "127.0.0.1"\nmqtt_port = {broker_port}\nmqtt_every_s = 0.1\n'
        (data / "home.toml").write_text(settings)
        house = House(AT)
        dongle = Dongle((house.step().telegram() for _ in range(HOUR_S)), every_s=0)
        with (
            broker(Path(folder), port=broker_port),
            dongle,
            contextlib.closing(watch.Eye()) as eye,
            running(data, "--tcp", f"127.0.0.1:{dongle.port}", "--port", str(page_port)) as home,
            subscribed(broker_port),
        ):
            for path in PAGES:
                assert " 200 OK" in ask(home.address, path)
            if "stranger" in sys.argv:
                stranger()
            until(lambda: f"<dd>{HOUR_S:,}</dd>" in ask(home.address, "/en/meter"), "the hour is over", seconds=240)
        names = {broker_port: "broker", page_port: "page", dongle.port: "dongle"}
        seen = [[protocol, place, names.get(port, port), count] for (protocol, place, port), count in eye.begun.items()]
    sys.stdout.write(json.dumps({"telegrams": HOUR_S, "packets": eye.packets, "begun": sorted(seen, key=str)}) + "\n")


if __name__ == "__main__":
    main()
