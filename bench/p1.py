"""The P1 codec against dsmr-parser, in one run over the same real telegrams. Prints one JSON object on the last line.

Load: the ten minutes of one DSMR 5 meter (566 telegrams), and every other telegram of tests/data/p1 that was read from a meter, has
a right checksum, and can be read by both. Each is decoded to typed values, its checksum included; passes of the two alternate, and
the median of their CPU times counts. We decode as the home does, with a `Decoder` for each meter that knows nothing when a pass
begins; `..._alone` is without it, each telegram by itself. DSMR 2.2, which has no checksum, is measured besides.
"""

import importlib.util
import json
import lzma
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from kwartier.wire.p1 import crc, lines
from kwartier.wire.p1 import decode as codec
from kwartier.wire.p1.decoder import Decoder
from kwartier.wire.p1.framing import Framer

HERE = Path(__file__).resolve().parents[1]
DATA = HERE / "tests" / "data" / "p1"
PEER = HERE / ".peers" / "dsmr-parser" / "bin" / "python"
PASSES = 9
TELEGRAMS, ROSE_WH = 566, 94
"""The recording as its publisher describes it."""
REPEATS = 20
"""Of the telegrams that are few, so that both are measured at work and not while waking up; each counts once all the same."""
DSMR_PARSER, TOOLS = "ndokter__dsmr_parser/example_telegrams.py.", "nielsbasjes__dsmr-tools/TestDsmrParserOn"
METERS = {
    "V5": (
        *(
            "Wassasin__dsmr5/isk.txt.1",
            "Wassasin__dsmr5/mcs.txt.1",
            "Wassasin__dsmr5/t211.txt.1",
            "mthmulders__dsmr-rs/input1.txt.1",
        ),
        *("mijnverbruik__dsmr/dsmr_test.exs.3", f"{DSMR_PARSER}3", f"{TOOLS}BadTelegram.java.1"),
        *(f"{TOOLS}RealDSMR5.java.{number}" for number in (1, 2, 3)),
    ),
    "V4": ("Wassasin__dsmr5/kaifa.txt.1", f"{DSMR_PARSER}2", *(f"{TOOLS}RealDSMR4.java.{number}" for number in (1, 2, 3))),
    "BELGIUM_FLUVIUS": (f"{DSMR_PARSER}4", f"{DSMR_PARSER}5"),
    "EON_HUNGARY": (f"{DSMR_PARSER}9",),
    "ISKRA_IE": (f"{DSMR_PARSER}8",),
}
OLD = ("mijnverbruik__dsmr/dsmr_test.exs.1", *(f"{TOOLS}RealDSMR2.java.{number}" for number in (1, 2, 3, 4, 5, 6)))
ALONE = """
import sys
from kwartier.wire.p1.decoder import Decoder
from kwartier.wire.p1.framing import Framer
with open(sys.argv[1], "rb") as file:
    Decoder().decode(Framer().receive(file.read())[0].data)
with open("/proc/self/status") as file:
    print(file.read().split("VmRSS:")[1].split()[0])
"""
"""A process that does nothing but find and decode one telegram, and tells its resident memory in kB."""

Group = tuple[str, list[bytes]]


def telegram(name: str) -> bytes:
    """Return the bytes of one telegram."""
    return (DATA / f"{name}.telegram").read_bytes()


def recording() -> list[bytes]:
    """Return the telegrams of the recording."""
    raw = lzma.decompress((DATA / "nielsbasjes__dsmr-tools" / "ttyUSB0-raw.txt.xz").read_bytes())
    return [candidate.data for candidate in Framer().receive(raw)]


def groups() -> list[Group]:
    """Return what is measured: the recording, each kind of meter, and old ones."""
    meters = [(spec, [telegram(name) for name in names]) for spec, names in METERS.items()]
    return [("V5", recording()), *meters, ("V2_2", [telegram(name) for name in OLD])]


def our_pass(load: list[Group], checksum: Callable[[bytes], int], *, alone: bool = False) -> list[float]:
    """Decode everything; return CPU seconds per group. The first group is one meter's, in the others each telegram is another's."""
    setattr(codec, "crc16", checksum)  # noqa: B010 - the name is final for everybody else
    seconds: list[float] = []
    for number, (_, telegrams) in enumerate(load):
        spent = 0.0
        for _ in range(REPEATS if number else 1):
            for remembered in (lines._failure_log, lines._peak_history, lines._registers):  # noqa: SLF001 - nothing may be known
                remembered.cache_clear()
            decoders = [Decoder() for _ in telegrams] if number else [Decoder()] * len(telegrams)
            began = time.process_time()
            if alone:
                for each in telegrams:
                    codec.decode(each)
            else:
                for decoder, each in zip(decoders, telegrams, strict=True):
                    decoder.decode(each)
            spent += time.process_time() - began
        seconds.append(spent / (REPEATS if number else 1))
    return seconds


def compare(load: list[Group]) -> dict[str, list[list[float]]]:
    """Let all alternate; return CPU seconds by who, pass and group."""
    asked = json.dumps([(spec, REPEATS if at else 1, [each.hex() for each in group]) for at, (spec, group) in enumerate(load)])
    found: dict[str, list[list[float]]] = {"theirs": [], "ours": [], "alone": [], "plain": []}
    command = [PEER, HERE / "bench" / "peers" / "dsmr_parser_telegrams.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None  # noqa: S101 - both are pipes
        assert peer.stdout is not None  # noqa: S101 - both are pipes
        peer.stdin.write(asked + "\n")
        for _ in range(PASSES):
            peer.stdin.write("pass\n")
            peer.stdin.flush()
            found["theirs"].append(json.loads(peer.stdout.readline()))
            found["ours"].append(our_pass(load, crc.crc16))
            found["alone"].append(our_pass(load, crc.crc16, alone=True))
            found["plain"].append(our_pass(load, crc.plain))
        peer.stdin.close()
    return found


def speed(load: list[Group]) -> dict[str, float]:
    """Return how many times faster we are, in sum and by group, and microseconds per telegram of the recording."""
    found = compare(load)
    median = {who: [statistics.median(group) for group in zip(*passes, strict=True)] for who, passes in found.items()}
    sums = {who: sum(by_group[:-1]) for who, by_group in median.items()}  # all but the old ones, which have no checksum
    names = ("recording", *METERS, "V2_2")
    return {
        "dsmr_parser_vs_ours": round(sums["theirs"] / sums["ours"], 1),
        "dsmr_parser_vs_ours_without_fastcrc": round(sums["theirs"] / sums["plain"], 1),
        "dsmr_parser_vs_ours_alone": round(sums["theirs"] / sums["alone"], 1),
        **{
            f"dsmr_parser_vs_ours_{name.lower()}": round(theirs / ours, 1)
            for name, theirs, ours in zip(names, median["theirs"], median["ours"], strict=True)
        },
        "us_per_telegram": round(median["ours"][0] / len(load[0][1]) * 1e6, 1),
        "us_per_telegram_alone": round(median["alone"][0] / len(load[0][1]) * 1e6, 1),
        "dsmr_parser_us_per_telegram": round(median["theirs"][0] / len(load[0][1]) * 1e6, 1),
        "telegrams": sum(len(telegrams) for _, telegrams in load[:-1]),
    }


def memory_mb() -> float:
    """Return the resident memory of a fresh process that decoded one telegram."""
    path = DATA / f"{TOOLS}RealDSMR5.java.1.telegram"
    run = subprocess.run([sys.executable, "-c", ALONE, path], capture_output=True, text=True, check=True)
    return round(int(run.stdout) / 1024, 1)


def series_is_right() -> bool:
    """Check the recording: all of it, its one step of two seconds, and its register."""
    decoder = Decoder()
    series = [decoder.decode(each) for each in recording()]
    steps = sorted((b.at - a.at).total_seconds() for a, b in pairwise(series) if a.at and b.at)
    registers = [each.import_wh for each in series if each.import_wh is not None]
    right = registers == sorted(registers) and registers[-1] - registers[0] == ROSE_WH and not any(each.faults for each in series)
    return right and len(registers) == TELEGRAMS and steps == [1.0] * (TELEGRAMS - 2) + [2.0]


def main() -> None:
    """Measure and print."""
    figures: dict[str, float | None] = {
        **(speed(groups()) if PEER.exists() else {"dsmr_parser_vs_ours": None}),
        "import_mb": memory_mb(),
        "series_ok": int(series_is_right()),
        "fastcrc": int(importlib.util.find_spec("fastcrc") is not None),
    }
    limits = {"dsmr_parser_vs_ours": (">=", 20), "import_mb": ("<=", 15), "series_ok": ("==", 1)}
    targets = [
        {"id": name, "limit": f"{sign} {limit}", "actual": figures[name], "met": _met(figures[name], sign, limit)}
        for name, (sign, limit) in limits.items()
    ]
    print(json.dumps({"bench": "p1", "figures": figures, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


def _met(actual: float | None, sign: str, limit: float) -> bool:
    if actual is None:  # ./test sets up the peer; what could not be measured is not met
        return False
    return {">=": actual >= limit, "<=": actual <= limit, "==": actual == limit}[sign]


if __name__ == "__main__":
    main()
