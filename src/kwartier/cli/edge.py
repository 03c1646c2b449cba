"""The outermost edge: whatever happens inside becomes one plain message and an exit code. Nobody gets a traceback unasked.

    0    done
    1    done, and the answer is no: a proof is not genuine, a replay found something, a benchmark missed its
         target, a party may see nothing
    2    the command line is wrong
    3    it could not be done, for a reason that is told
    70   a fault in Kwartier itself
    130  interrupted (Ctrl-C); 143 when asked to end (SIGTERM) while serving

`KWARTIER_DEBUG=1` shows the traceback of a fault in Kwartier itself; its texts may hold personal data.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kwartier.cli import told
from kwartier.model.errors import KwartierError
from kwartier.workflows.conduct.use_cases import BadRole
from kwartier.workflows.rights.errors import ReasonMissing

NO, WRONG, NOT_DONE, OUR_FAULT, INTERRUPTED = 1, 2, 3, 70, 130
TYPED: Final = (BadRole, ReasonMissing)
"""What is wrong with the command line itself, whatever the installation holds, and is found behind it."""
DEBUG: Final = "KWARTIER_DEBUG"
_HOUSE: Final = Path(__file__).resolve().parents[1]


def run(command: Callable[[], object], out: Console) -> int:
    """Run a command line to its end and return the exit code; what went wrong is told on `out`."""
    try:
        command()
    except KwartierError as fault:
        told.fault(out, fault)
        return WRONG if isinstance(fault, TYPED) else NOT_DONE
    except BrokenPipeError:
        return _unread()
    except OSError as fault:
        told.machine(out, fault)
        return NOT_DONE
    except KeyboardInterrupt:
        told.interrupted(out)
        return INTERRUPTED
    except SystemExit as end:  # typer ends by itself, an interruption included
        if end.code == INTERRUPTED:
            told.interrupted(out)
        if isinstance(end.__context__, BrokenPipeError):  # typer and rich end with 1 then, which would be an answer
            raise SystemExit(_unread()) from None
        raise
    except Exception as fault:  # noqa: BLE001 - the edge: a traceback helps nobody who did not ask for it
        if os.environ.get(DEBUG):
            traceback.print_exception(fault)
        told.unforeseen(out, fault, place(fault))
        return OUR_FAULT
    return 0


def _unread() -> int:
    """Whoever read our output has had enough: nothing is left to say, nor to flush. Return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return NOT_DONE


def place(fault: BaseException) -> str:
    """Return where in Kwartier a failure came from, as file and line: its text may quote values, this cannot."""
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if Path(frame.filename).is_relative_to(_HOUSE)]
    if not frames:
        return "outside of Kwartier"
    return f"{Path(frames[-1].filename).relative_to(_HOUSE)}, line {frames[-1].lineno}"


def beside(out: Console) -> Callable[[Exception], None]:
    """Return what tells of a failure that stops nothing: of the sequencer, the witness, a page or an alarm beside the deed."""
    return lambda fault: told.page_failed(out, fault, place(fault))


def bars(out: Console) -> Progress:
    """Return progress bars, shown on a terminal only: a pipe or a file gets none."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )


@contextmanager
def working(out: Console, what: str) -> Iterator[None]:
    """Show on a terminal that something of unknown length is going on, and for how long."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    ) as going:
        going.add_task(what, total=None)
        yield
