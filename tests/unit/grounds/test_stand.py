"""How a party stands: every purpose of its role is either open, with its lines, or closed, with its reason; never both."""

from hypothesis import given, settings
from hypothesis import strategies as st

from grounds_support import APPS, SUPPLIERS, World
from kwartier.grounds import conduct, explain
from kwartier.grounds.decide import decide
from kwartier.grounds.stand import stand
from kwartier.model.ground import Requester, Role
from kwartier.model.register import ALL_MASK, GAS_MASK

ELECTRICITY = ALL_MASK & ~GAS_MASK
PARTIES = [*(Requester(Role.SUPPLIER, one) for one in SUPPLIERS), *(Requester(Role.THIRD_PARTY, one) for one in APPS)]


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1), st.sampled_from(PARTIES), st.sampled_from([ELECTRICITY, GAS_MASK]))
def test_every_purpose_is_open_or_closed(seed: int, who: Requester, channels: int) -> None:
    world = World(seed)
    facts, at = world.facts(), world.moment()
    found = stand(facts, who, channels, at=at)
    purposes = {rule.purpose for rule in conduct.edition_at(at).grants if rule.role is who.role}
    yes, no = {one.purpose for one in found.may}, {one.request.purpose for one in found.may_not}
    assert yes.isdisjoint(no)
    assert yes | no == purposes
    assert [one for one in explain.who_may(facts, at=at) if one.requester == who and one.mask & channels] == list(found.may)
    assert list(found.bars) == explain.who_may_not(facts, at=at)
    for refusal in found.may_not:
        assert decide(refusal.request, facts, at=at) == refusal
        assert refusal.request.requester == who
