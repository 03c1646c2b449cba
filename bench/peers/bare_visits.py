"""The floor under any client: connect, send, receive and close as in a visit to a meter, and nothing else.

Usage: bare_visits.py VISITS CONCURRENCY. A process of its own answers with as many bytes as a meter does. Many visits are under way
at once, over one epoll. Prints one JSON object: CPU per visit (user and system, us) of this side.
"""

import asyncio
import json
import multiprocessing
import resource
import select
import socket
import sys
from multiprocessing.connection import Connection
from typing import cast

EXCHANGES = ((103, 115), (59, 52), (91, 1032), (34, 1032), (34, 777), (50, 50))
"""Bytes that go out and come in when a day of quarter-hours is read in PDUs of 1024: AARQ, HLS, GET, two blocks, RLRQ."""
REQUESTS = [bytes(sent) for sent, _ in EXCHANGES]
ANSWERS = [bytes(received) for _, received in EXCHANGES]


class Answering(asyncio.Protocol):
    """Answer each request once it is there, whatever is in it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the first request."""
        self.transport = cast("asyncio.Transport", transport)
        self.step = self.got = 0

    def data_received(self, data: bytes) -> None:
        """Count; answer what is complete."""
        self.got += len(data)
        if self.step < len(EXCHANGES) and self.got >= EXCHANGES[self.step][0]:
            self.got -= EXCHANGES[self.step][0]
            self.step += 1
            self.transport.write(ANSWERS[self.step - 1])


def answer(told: Connection) -> None:
    """Serve on a free port of loopback, and tell which."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=4096)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class Visits:
    """Some visits under way, over one epoll."""

    def __init__(self, port: int) -> None:
        """Visit this port."""
        self.port = port
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.state: dict[int, tuple[int, int]] = {}

    def begin(self) -> None:
        """Connect; the rest follows from what epoll says."""
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.connect_ex(("127.0.0.1", self.port))
        number = made.fileno()
        self.sockets[number] = made
        self.state[number] = -1, 0
        self.poll.register(number, select.EPOLLOUT)

    def go_on(self, number: int) -> bool:
        """Take what came and send what is next; return whether the visit is over."""
        link = self.sockets[number]
        step, missing = self.state[number]
        if step < 0:
            self.poll.modify(number, select.EPOLLIN)
        else:
            missing -= len(link.recv(65536))
        if missing == 0:
            step += 1
            if step == len(EXCHANGES):
                return self._end(number)
            link.send(REQUESTS[step])
            missing = EXCHANGES[step][1]
        self.state[number] = step, missing
        return False

    def _end(self, number: int) -> bool:
        self.poll.unregister(number)
        self.sockets.pop(number).close()
        del self.state[number]
        return True

    def run(self, visits: int, concurrency: int) -> None:
        """Make so many visits."""
        begun = min(visits, concurrency)
        for _ in range(begun):
            self.begin()
        ended = 0
        while ended < visits:
            for number, _ in self.poll.poll():
                if self.go_on(number):
                    ended += 1
                    if begun < visits:
                        self.begin()
                        begun += 1


def cpu_s() -> float:
    """Return the CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    visits, concurrency = map(int, sys.argv[1:])
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    other = spawn.Process(target=answer, args=(theirs,), daemon=True)
    other.start()
    bare = Visits(ours.recv())
    bare.run(concurrency, concurrency)
    before = cpu_s()
    bare.run(visits, concurrency)
    print(json.dumps({"us": (cpu_s() - before) / visits * 1e6, "visits": visits}))
    other.terminate()


if __name__ == "__main__":
    main()
