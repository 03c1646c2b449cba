"""Parse P1 telegrams with dsmr-parser, in that package's own environment and process.

The first line of standard input is JSON, `[[spec, repeats, [telegram in hex, ...]], ...]`: groups of telegrams. Then each line asks
for one pass over all groups, and is answered by a JSON list of CPU seconds per group and repeat.
"""

import json
import logging
import sys
import time

from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser

logging.disable(logging.CRITICAL)


def seconds(spec: str, repeats: int, telegrams: list[str]) -> float:
    """Parse a group. The parser is made anew, outside the time measured."""
    parser = TelegramParser(getattr(telegram_specifications, spec))
    began = time.process_time()
    for _ in range(repeats):
        for telegram in telegrams:
            parser.parse(telegram)
    return (time.process_time() - began) / repeats


def main() -> None:
    """Answer until standard input closes."""
    asked = json.loads(sys.stdin.readline())
    groups = [(spec, repeats, [bytes.fromhex(each).decode("latin-1") for each in telegrams]) for spec, repeats, telegrams in asked]
    for _ in sys.stdin:
        print(json.dumps([seconds(*group) for group in groups]), flush=True)


if __name__ == "__main__":
    main()
