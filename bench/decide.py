"""Decisions, and the plan of a whole country's night. Prints one JSON object on the last line.

`us_per_decision` is CPU for one answer of `grounds.decide.judge` (yes or no, by which row, about whom, resting on which facts),
over the twelve cases of `bench/_twelve.py` in equal parts, each of 100 connections. `us_per_permit` is `decide`, which writes
the permit too, with the hash that is its id, or the refusal. Both are medians of passes; `..._cold` is the same over 60,000
questions, which no cache of the processor holds. cedarpy answers the same questions, in the fastest of its three ways, and must
answer as we do, row by row. `cedarpy_vs_ours` compares it with `us_per_decision`: Cedar names the policy too, but not the
facts, and writes no permit.

`plan_1m_s` is the time on the clock in which `workers` processes make up the facts of 1,000,000 connections
(`bench/_country.py` has the mix), ask what is due, decide it and plan the reads; `cpu_s` is the CPU of them all, `made_s` what
of it made up facts. `plan_1m_gb` is the sum of the highest resident memory of this process and its workers.
`python_loop_ns` tells what this machine is (`bench/_machine.py`).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _country
import _machine
import _twelve

from kwartier.engine import opened
from kwartier.grounds import conduct
from kwartier.grounds.decide import decide, judge
from kwartier.model.ground import Facts, Request

HERE = Path(__file__).resolve().parents[1]
PEER = HERE / ".peers" / "cedarpy" / "bin" / "python"
SAME, MANY = 100, 5_000
"""Connections that each of the twelve cases is asked about, hot and cold."""
PASSES, COLD_PASSES, PEER_PASSES = 41, 7, 7
CONNECTIONS, BLOCK, SEED = 1_000_000, 5_000, 1
LIMITS = {"us_per_decision": ("<=", 2), "plan_1m_s": ("<=", 60), "plan_1m_gb": ("<=", 0.5), "cedarpy_vs_ours": (">=", 30)}

Question = tuple[Request, Facts]


def asked(connections: int) -> list[_twelve.Case]:
    """Return the twelve cases about so many connections."""
    return [case for n in range(1, connections + 1) for case in _twelve.cases(n)]


def us_each(questions: list[Question], passes: int, answer: Callable[[Request, Facts], object]) -> float:
    """Return CPU microseconds per answer, the median of some passes."""
    spent = []
    for _ in range(passes):
        began = time.process_time()
        for request, facts in questions:
            answer(request, facts)
        spent.append(time.process_time() - began)
    return statistics.median(spent) / len(questions) * 1e6


def decisions() -> dict[str, float]:
    """Return what a decision costs, and how many answers are not those of the table of cases."""
    edition, at = conduct.edition_at(_twelve.AT), _twelve.AT
    few, many = asked(SAME), asked(MANY)
    figures: dict[str, float] = {"wrong_answers": sum(decide(one.request, one.facts, at=at).rule != one.rule for one in many)}
    for name, cases, passes in (("", few, PASSES), ("_cold", many, COLD_PASSES)):
        questions = [(one.request, one.facts) for one in cases]
        figures[f"us_per_decision{name}"] = us_each(questions, passes, lambda request, facts: judge(edition, request, facts, at))
        figures[f"us_per_permit{name}"] = us_each(questions, passes, lambda request, facts: decide(request, facts, at=at))
    return figures


def cedar(ours_us: float, permit_us: float) -> dict[str, float | None]:
    """Return how many times longer cedarpy takes, and where its answers are not ours."""
    if not PEER.exists():  # ./test sets it up
        return {"cedarpy_vs_ours": None}
    cases = asked(SAME)
    load = json.dumps({"passes": PEER_PASSES, "cases": [_twelve.for_cedar(one) for one in cases]})
    run = subprocess.run(
        [PEER, HERE / "bench" / "peers" / "cedarpy_cases.py"], input=load, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    differ = sum(not same(one.rule, theirs) for one, theirs in zip(cases, found["answers"], strict=True))
    fastest = min(found["us"].values())
    return {
        "cedarpy_differs": differ,
        **{f"cedarpy_us_{name}": round(us, 1) for name, us in found["us"].items()},
        "cedarpy_vs_ours": None if differ else round(fastest / ours_us, 1),
        "cedarpy_vs_our_permit": None if differ else round(fastest / permit_us, 1),
    }


def same(ours: str, theirs: str) -> bool:
    """True if both say the same: Cedar names what permits or forbids, and nothing where nothing does."""
    return theirs == ("" if ours.startswith("F") and ours not in {"F1", "F2"} else ours)


def country() -> dict[str, Any]:
    """Plan the night of the country, block by block, and keep nothing but counts."""
    workers = os.cpu_count() or 1
    blocks = range(1, CONNECTIONS + 1, BLOCK)
    began = time.perf_counter()
    rules: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    peaks: dict[int, int] = {}
    with opened(workers) as executor:
        for one in executor.map(_country.block, blocks, [BLOCK] * len(blocks), [SEED] * len(blocks)):
            rules += one.rules
            sums.update(connections=one.connections, requests=one.requests, tasks=one.tasks)
            peaks[one.pid] = max(peaks.get(one.pid, 0), one.peak_kb)
            sums.update(made_us=round(one.made_s * 1e6), cpu_us=round(one.cpu_s * 1e6))
    wall = time.perf_counter() - began
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "workers": workers,
        "plan_1m_s": round(wall, 1),
        "plan_1m_gb": round((own + sum(peaks.values())) * 1024 / 1e9, 3),
        "cpu_s": round(sums["cpu_us"] / 1e6, 1),
        "made_s": round(sums["made_us"] / 1e6, 1),
        "connections": sums["connections"],
        "requests": sums["requests"],
        "permits": sum(count for rule, count in rules.items() if not rule.startswith("F")),
        "tasks": sums["tasks"],
        "answers": dict(sorted(rules.items())),
    }


def main() -> None:
    """Measure and print."""
    planned = country()  # first: what follows fills this process
    decided = {name: round(value, 2) for name, value in decisions().items()}
    figures: dict[str, Any] = decided | cedar(decided["us_per_decision"], decided["us_per_permit"]) | planned
    figures["python_loop_ns"] = _machine.loop_ns()
    targets = [
        {"id": name, "limit": f"{sign} {limit}", "actual": figures[name], "met": met(figures[name], sign, limit)}
        for name, (sign, limit) in LIMITS.items()
    ]
    right = not figures["wrong_answers"] and not figures.get("cedarpy_differs")
    print(json.dumps({"bench": "decide", "figures": figures, "targets": targets}))
    sys.exit(not (right and all(each["met"] for each in targets)))


def met(actual: float | None, sign: str, limit: float) -> bool:
    """True if the figure is there and within its limit."""
    return actual is not None and (actual <= limit if sign == "<=" else actual >= limit)


if __name__ == "__main__":
    main()
