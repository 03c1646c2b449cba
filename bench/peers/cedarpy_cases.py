"""Decide cases with Cedar, in cedarpy's own environment and process.

Standard input: a JSON object, `cases` as `bench/_twelve.py` writes them for Cedar, and `passes`. Prints one, `answers`,
per case the id of the policy that decided, "" where none did (then the answer is no); `us`, CPU per decision, median of the passes,
in three ways of calling it: `one` by one, one by one with the context `written` as JSON beforehand, all as a `batch`. Policies and
entities are parsed once.

The policies are the rows of the code of conduct of 2026 that the cases reach, said in Cedar. Local midnights, anniversaries, and
which row of each kind of fact matters are worked out beforehand.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from cedarpy import AuthzResult, Entities, PolicySet, is_authorized, is_authorized_batch

REGISTERS = '["DAY_IMPORT_LOW", "DAY_IMPORT_NORMAL", "DAY_EXPORT_LOW", "DAY_EXPORT_NORMAL"]'
QUARTERS = '["IMPORT", "EXPORT"]'
USAGE = '["register", "profile", "load"].contains(context.data_class)'
LIVED = "context has occupancy && context.occupancy.period_start <= context.start && context.end <= context.occupancy.period_end"
BOUND = (
    "context has agreement && context.agreement.party == context.who"
    " && context.agreement.period_start <= context.at && context.at < context.agreement.period_end"
)
SUPPLIED = (
    f"{BOUND} && context has supply && context.supply.party == context.who"
    f" && context.supply.period_start <= context.start && context.end <= context.supply.period_end"
    f" && {USAGE} && {REGISTERS}.containsAll(context.channels)"
)
PERMITTED = (
    "context has permission && context.permission.live_start <= context.at && context.at < context.permission.live_end"
    " && context.permission.data_start <= context.start && context.end <= context.permission.data_end"
    f" && {USAGE} && context.permission.channels.containsAll(context.channels)"
    f" && {LIVED} && context.occupancy.subject == context.permission.subject"
)
APPROVED = (
    "context has use_case && context.use_case.id == context.who && context.use_case.purpose == context.purpose"
    " && context.use_case.data_class == context.data_class && context.use_case.channels.containsAll(context.channels)"
    " && context.use_case.area == context.area"
    " && context.use_case.approved_start <= context.at && context.at < context.use_case.approved_end"
    " && context.use_case.days_start <= context.start && context.end <= context.use_case.days_end"
    " && context.used + 1 <= context.use_case.yearly_limit"
)
TOUCHES = "context.restriction.period_start <= context.end && context.start <= context.restriction.period_end"
OVERLAPS = "context.restriction.period_start < context.end && context.start < context.restriction.period_end"
NOW = "context.restriction.period_start <= context.at && context.at < context.restriction.period_end"
BARRED = (
    f'context has restriction && (([Action::"read", Action::"write"].contains(action) && {NOW})'
    f" || (context.intervals && {OVERLAPS}) || (!context.intervals && {TOUCHES}))"
)
READ, HAND, SHOW = 'Action::"read"', 'Action::"deliver"', 'Action::"view"'
POLICIES = {
    "F1": f'forbid(principal, action, resource) when {{ {BARRED} && context.restriction.kind == "refused" }};',
    "F2": (
        f'forbid(principal, action, resource) when {{ {BARRED} && context.restriction.kind == "administratively_off"'
        ' && context.data_class != "administrative_status" };'
    ),
    "C1": (
        f"permit(principal is Customer, action in [{SHOW}, {HAND}], resource)"
        f' when {{ context.purpose == "own_access" && {LIVED} && context.occupancy.subject == context.who }};'
    ),
    "C2": (
        f'permit(principal is Customer, action == {READ}, resource) when {{ context.purpose == "own_insight" && {PERMITTED}'
        " && context.permission.subject == context.who && !(context.permission has party) };"
    ),
    "S1": (
        f"permit(principal is Supplier, action in [{READ}, {HAND}], resource)"
        f' when {{ context.purpose == "periodic_reading" && context.midnights && {SUPPLIED} }};'
    ),
    "S2": (
        f"permit(principal is Supplier, action in [{READ}, {HAND}], resource)"
        f' when {{ context.purpose == "annual_bill" && context.start == context.end && context.anniversary && {SUPPLIED} }};'
    ),
    "S3": (
        f"permit(principal is Supplier, action in [{READ}, {HAND}], resource)"
        f' when {{ context.purpose == "move" && context.start == context.end && context.moves.contains(context.start)'
        f" && {SUPPLIED} }};"
    ),
    "S4": (
        f"permit(principal is Supplier, action in [{READ}, {HAND}], resource)"
        f' when {{ context.purpose == "switch" && context.start == context.end && {SUPPLIED}'
        " && (context.supply.period_start == context.start || context.supply.period_end == context.start) };"
    ),
    "T1": (
        f"permit(principal is ThirdParty, action in [{READ}, {HAND}], resource)"
        f' when {{ context.purpose == "third_party_service" && {BOUND} && {PERMITTED}'
        " && context.permission has party && context.permission.party == context.who };"
    ),
    "O4": (
        f"permit(principal is Operator, action == {READ}, resource)"
        f' when {{ context.purpose == "energy_loss" && {QUARTERS}.containsAll(context.channels) && {APPROVED} }};'
    ),
    "O7": (
        f'permit(principal is Operator, action in [{READ}, Action::"write"], resource)'
        ' when { context.purpose == "administrative_status" && context.data_class == "administrative_status" && context.who == 0'
        " && context.channels.isEmpty() && context.start == context.end && context has restriction"
        ' && context.restriction.kind == "administratively_off" && context.restriction.period_start <= context.at'
        " && context.restriction.period_start <= context.start };"
    ),
}
IDS = {f"policy{place}": name for place, name in enumerate(POLICIES)}


def answer(found: AuthzResult) -> str:
    """Return the id of the policy that decided. Raises RuntimeError if Cedar could not evaluate one of them."""
    if found.diagnostics.errors:
        message = "; ".join(map(str, found.diagnostics.errors))
        raise RuntimeError(message)
    return ",".join(IDS[reason] for reason in found.diagnostics.reasons)


def timed(passes: int, count: int, decide: Callable[[], object]) -> float:
    """Return CPU microseconds per decision, the median of some passes."""
    spent = []
    for _ in range(passes):
        began = time.process_time()
        decide()
        spent.append(time.process_time() - began)
    return statistics.median(spent) / count * 1e6


def main() -> None:
    """Decide them all, in each way."""
    asked: dict[str, Any] = json.load(sys.stdin)
    cases = asked["cases"]
    written = [case | {"context": json.dumps(case["context"])} for case in cases]
    policies, entities = PolicySet.from_str("\n".join(POLICIES.values())), Entities.from_json_str("[]")
    answers = [answer(is_authorized(case, policies, entities)) for case in cases]
    ways: dict[str, Callable[[], object]] = {
        "one": lambda: [is_authorized(case, policies, entities) for case in cases],
        "written": lambda: [is_authorized(case, policies, entities) for case in written],
        "batch": lambda: is_authorized_batch(cases, policies, entities),
    }
    us = {name: timed(asked["passes"], len(cases), way) for name, way in ways.items()}
    print(json.dumps({"answers": answers, "us": us}))


if __name__ == "__main__":
    main()
