"""The table of quantities is one to one where it must be."""

from collections import Counter

from kwartier.model.register import Obis
from kwartier.wire.p1.layouts import LAYOUTS
from kwartier.wire.p1.lines import READERS
from kwartier.wire.p1.objects import LINES, QUANTITIES, standard
from kwartier.wire.p1.quantities import SPELLED, Quantity, Unit


def test_every_code_is_an_obis_code_in_its_usual_form() -> None:
    for quantity in Quantity:
        assert str(Obis.parse(quantity.code)) == quantity.code == standard(quantity.code.encode()).decode()


def test_a_code_has_one_quantity_but_for_those_that_a_reader_tells_apart() -> None:
    shared = {code for code, count in Counter(quantity.code for quantity in Quantity).items() if count > 1}
    assert shared == {"0-0:17.0.0", "1-0:31.4.0"}
    assert not READERS.keys() & QUANTITIES.keys()


def test_every_unit_can_be_written_and_read() -> None:
    assert SPELLED.keys() == set(Unit)
    assert {form[0] for form in LINES.values()} == set(QUANTITIES.values())


def test_every_object_of_a_layout_is_known() -> None:
    for layout in LAYOUTS.values():
        for row in filter(None, layout.split("\n")):
            code = standard(row.partition(" ")[0].partition("*")[0].encode())
            assert code == b"devices" or code in READERS or code in QUANTITIES, row
