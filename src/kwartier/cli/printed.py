"""Answers for programs: one JSON object on one line of standard output, its keys in order."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def as_json(value: Mapping[str, Any]) -> None:
    """Print an answer."""
    sys.stdout.write(json.dumps(value, sort_keys=True) + "\n")
