"""Is the operator right? The home's own intervals against those of a downloaded file, one by one. Pure; nothing leaves the home.

    equal        both have it, and the same
    different    both have it, and not the same
    unsure       not the same, but ours is an estimate or stands by our own clock, or the operator doubts its own
    only here    the file should have it, and has not
    only there   the home did not hear it, the file has it
    in part      the home heard a part of it only: no comparison

What the home heard as one sum over a silence is held against the sum of the same intervals in the file.
"""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, final

from kwartier.home.operator_file import OperatorFile, Theirs
from kwartier.home.overview import Kind, kind_of
from kwartier.home.store.history import Amount, Key
from kwartier.home.track import Mark

_NOT_SURE: Final = Mark.ESTIMATED | Mark.OWN_CLOCK | Mark.CLOCK_MOVED


@final
class Verdict(StrEnum):
    """What the comparison of one interval says."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNSURE = "unsure"
    ONLY_HERE = "only-here"
    ONLY_THERE = "only-there"
    IN_PART = "in-part"


@final
@dataclass(frozen=True, slots=True)
class Compared:
    """`steps` intervals, the first of which begins at `start` (epoch seconds), together: Wh or dm3 here and there."""

    kind: Kind
    start: int
    step_s: int
    steps: int
    here: int | None
    there: int | None
    verdict: Verdict

    @property
    def end(self) -> int:
        """The end of the last of them."""
        return self.start + self.steps * self.step_s

    @property
    def difference(self) -> int | None:
        """What the operator has more than the home; None where one of the two has nothing."""
        return None if self.here is None or self.there is None else self.there - self.here


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was compared, in order."""

    rows: tuple[Compared, ...]

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many rows have each verdict."""
        return Tally(row.verdict for row in self.rows)

    @property
    def findings(self) -> tuple[Compared, ...]:
        """What is not simply equal."""
        return tuple(row for row in self.rows if row.verdict is not Verdict.EQUAL)

    @property
    def is_right(self) -> bool:
        """True if nothing differs for sure, and the file lacks nothing that the home heard."""
        return not {Verdict.DIFFERENT, Verdict.ONLY_HERE} & self.counts.keys()


def reach(file: OperatorFile) -> tuple[int, int]:
    """Return the [start, end) about which a file speaks."""
    return min(start for _, start in file.intervals), max(start + each.step_s for (_, start), each in file.intervals.items())


def compare(ours: Mapping[Key, Amount], file: OperatorFile) -> Comparison:
    """Hold the home's intervals against those of a file; of what the file does not speak about nothing is said."""
    rows: list[Compared] = []
    for kind in dict.fromkeys(kind for kind, _ in file.intervals):
        theirs = {start: each for (other, start), each in file.intervals.items() if other is kind}
        rows += _compare_kind(kind, _added_up(ours, kind), theirs)
    return Comparison(tuple(sorted(rows, key=lambda row: (row.start, row.kind))))


def _added_up(ours: Mapping[Key, Amount], kind: Kind) -> dict[int, Amount]:
    found: dict[int, Amount] = {}
    for (start, counter), amount in ours.items():
        if kind_of(counter) is kind:
            found[start] = found[start].plus(amount) if start in found else amount
    return found


def _compare_kind(kind: Kind, ours: Mapping[int, Amount], theirs: Mapping[int, Theirs]) -> Iterator[Compared]:
    step = next(iter(theirs.values())).step_s
    first, last = min(theirs), max(theirs)
    done: set[int] = set()
    for at, amount in ours.items():
        starts = range(at - (amount.steps - 1) * step, at + step, step)
        if starts[0] >= first and at <= last:
            done.update(starts)
            yield _against(kind, step, starts, amount, [theirs.get(start) for start in starts])
    for start, each in theirs.items():
        if start not in done:
            yield Compared(kind, start, step, 1, None, each.value, Verdict.ONLY_THERE)


def _against(kind: Kind, step: int, starts: range, ours: Amount, theirs: list[Theirs | None]) -> Compared:
    known = [each for each in theirs if each]
    there = sum(each.value for each in known) if len(known) == len(theirs) else None
    row = Compared(kind, starts[0], step, len(starts), ours.value, there, Verdict.EQUAL)
    return _judged(row, _verdict(ours, there, is_sure=all(each.is_sure for each in known)))


def _judged(row: Compared, verdict: Verdict) -> Compared:
    return Compared(row.kind, row.start, row.step_s, row.steps, row.here, row.there, verdict)


def _verdict(ours: Amount, there: int | None, *, is_sure: bool) -> Verdict:
    if ours.mark & Mark.PARTIAL:
        return Verdict.IN_PART
    if there is None:
        return Verdict.ONLY_HERE
    if ours.value == there:
        return Verdict.EQUAL
    return Verdict.DIFFERENT if is_sure and not ours.mark & (_NOT_SURE) else Verdict.UNSURE


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as a JSON object: counts by verdict, and every finding. Wh, dm3, epoch seconds."""
    return {
        "is_right": comparison.is_right,
        "compared": sum(row.steps for row in comparison.rows),
        "counts": {verdict.value.replace("-", "_"): comparison.counts.get(verdict, 0) for verdict in Verdict},
        "findings": [
            {
                "kind": row.kind.value,
                "start": row.start,
                "end": row.end,
                "here": row.here,
                "there": row.there,
                "difference": row.difference,
                "verdict": row.verdict.value,
            }
            for row in comparison.findings
        ],
    }
