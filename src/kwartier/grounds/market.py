"""Rows of the market, which came with the edition of 2027: allocation, reconciliation, supplier default, readings by hand.

Under the supplier model the supplier collects readings and sets them. The operator collects for these three only. Sources: the P4
service (EDSN, 2018) names them; the Informatiecode gives 15 working days and 14 months. What nobody may read remotely is read at
the meter, and a supplier settles on that: the Informatiecode gives 12 and 36 months, the market's register (C-AR) marks it apart.
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
    Rule(
        id="S5",
        no=18,
        title_nl="Stand die aan de meter zelf is opgenomen",
        title_en="Reading taken at the meter itself",
        purpose=Purpose.HAND_READING,
        role=Role.SUPPLIER,
        actions=(Action.DELIVER,),
        mask=DAY_MASK,
        data_classes=_REGISTERS,
        condition=Condition.BY_HAND,
        sentence="S11",
        nl="Uw meter wordt niet op afstand uitgelezen: uw leverancier krijgt de stand die iemand aan de meter heeft opgenomen.",
        en="Your meter is not read remotely: your supplier gets the reading that somebody took at the meter.",
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
