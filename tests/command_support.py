"""The command line in the tests' own process: what a program of its own would say, without the second that one takes to begin."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO
from unittest.mock import patch

import pytest

from chain_support import NAMED
from kwartier.cli.main import main


def kwartier_here(
    *arguments: str | Path, said: str | TextIO = "", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `kwartier ARGUMENTS` as somebody who is named; `said` is its standard input, `environment` all of it where given."""
    command = ["kwartier", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    given = {**NAMED, **os.environ} if environment is None else dict(environment)
    with (
        patch.object(sys, "argv", command),
        patch.object(sys, "stdin", io.StringIO(said) if isinstance(said, str) else said),
        patch.dict(os.environ, given, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return subprocess.CompletedProcess(command, int(str(ended.value.code or 0)), out.getvalue(), err.getvalue())
