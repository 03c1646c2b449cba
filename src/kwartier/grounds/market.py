"""Rows of the operator's tasks in the market, which came with the edition of 2027: allocation, reconciliation, supplier default.

Under the supplier model the supplier collects readings and sets them. The operator collects for these three only. Sources: the P4
service (EDSN, 2018) names them; the Informatiecode gives 15 working days and 14 months.
"""

from typing import Final

from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import Action, DataClass, Purpose, Role
from kwartier.model.register import DAY_MASK

_READ_ONLY = (Action.READ,)
_REGISTERS = frozenset({DataClass.REGISTER})

GRANTS: Final[tuple[Rule, ...]] = (
    Rule(
        id="O8",
        no=15,
        title_nl="Verbruik toewijzen aan leveranciers (allocatie)",
        title_en="Allocating usage to suppliers",
        purpose=Purpose.ALLOCATION,
        role=Role.OPERATOR,
        actions=_READ_ONLY,
        mask=DAY_MASK,
        data_classes=_REGISTERS,
        condition=Condition.USE_CASE,
        keeps=False,
        sentence="S4",
        nl="De netbeheerder telt dagstanden per leverancier en gebied op, over een groep huizen; uw waarden bewaart hij niet.",
        en="The operator adds up day registers per supplier and area, over a group of homes; your own values are not kept.",
    ),
    Rule(
        id="O9",
        no=16,
        title_nl="Verrekenen tussen leveranciers (reconciliatie)",
        title_en="Settling between suppliers (reconciliation)",
        purpose=Purpose.RECONCILIATION,
        role=Role.OPERATOR,
        actions=_READ_ONLY,
        mask=DAY_MASK,
        data_classes=_REGISTERS,
        condition=Condition.USE_CASE,
        keeps=False,
        sentence="S4",
        nl="De netbeheerder verrekent achteraf het verschil per leverancier en gebied, met sommen over een groep huizen.",
        en="The operator settles the difference per supplier and area afterwards, by sums over a group of homes.",
    ),
    Rule(
        id="O10",
        no=17,
        title_nl="De leverancier blijft in gebreke",
        title_en="The supplier is in default",
        purpose=Purpose.SUPPLIER_DEFAULT,
        role=Role.OPERATOR,
        actions=_READ_ONLY,
        mask=DAY_MASK,
        data_classes=_REGISTERS,
        condition=Condition.DEFAULT,
        sentence="S11",
        nl="Uw leverancier is in gebreke: de netbeheerder leest zelf de stand waarop de levering eindigt of wijzigt.",
        en="Your supplier is in default: the operator itself reads the register of the moment at which supply ends or changes.",
    ),
)

DENIALS: Final[tuple[Rule, ...]] = (
    Rule(
        id="F16",
        no=46,
        title_nl="Geen leverancier in gebreke",
        title_en="No supplier in default",
        sentence="S11",
        nl="De leverancier van deze aansluiting is nu niet in gebreke: hij vraagt zelf zijn standen op.",
        en="The supplier of this connection is not in default now: it asks for its readings itself.",
    ),
)
