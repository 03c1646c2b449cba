"""Meter model files."""

import pytest

import dlms_support as meter
from kwartier.model.care import Chore
from kwartier.model.register import Channel, Obis
from kwartier.model.task import ProfileName
from kwartier.wire.dlms import models
from kwartier.wire.dlms.errors import BadModel

TEXT = meter.MODEL_FILE.read_text()


def test_the_smr5_file() -> None:
    model = models.parse(TEXT)
    assert (model.name, model.pdu, model.selects_columns, model.public_counter) == ("SMR5", 1024, False, Obis.parse("0-0:43.1.0"))
    assert [p.name for p in model.profiles] == list(ProfileName)
    quarter = model.profile(ProfileName.E_INTERVAL)
    assert quarter is not None
    assert (quarter.obis, quarter.period_s, quarter.entries) == (Obis.parse("1-0:99.1.0"), 900, 960)
    assert [c.role for c in quarter.columns] == ["clock", "status", "value", "value"]
    assert [c.channel for c in quarter.columns] == [None, None, Channel.IMPORT, Channel.EXPORT]
    low_high = model.profile(ProfileName.E_DAY)
    assert low_high is not None
    assert [(str(c.obis), c.channel) for c in low_high.columns[2:4]] == [
        ("1-0:1.8.1", Channel.DAY_IMPORT_LOW),
        ("1-0:1.8.2", Channel.DAY_IMPORT_NORMAL),
    ]


def test_the_objects_of_care_by_chore() -> None:
    model = models.parse(TEXT)
    (switch,) = model.objects_of(Chore.SWITCH_OFF)
    assert (switch.class_id, str(switch.obis), switch.attribute) == (1, "0-1:94.31.0", 2)
    assert model.objects_of(Chore.SWITCH_ON) == model.objects_of(Chore.ADMINISTRATIVE_STATUS) == (switch,)
    assert model.objects_of(Chore.CLEAR_ALARMS) == model.objects_of(Chore.ALARMS)
    assert [str(one.obis) for one in model.objects_of(Chore.VOLTAGES)] == ["1-0:32.7.0", "1-0:52.7.0", "1-0:72.7.0"]
    assert all(model.objects_of(chore) for chore in Chore)


def test_a_model_without_an_object_has_no_such_chore() -> None:
    line = next(line for line in TEXT.splitlines() if 'chore = "errors"' in line)
    assert models.parse(TEXT.replace(line, "")).objects_of(Chore.ERRORS) == ()


def test_a_meter_without_a_counter_to_ask_for() -> None:
    assert models.parse(TEXT.replace('public_counter = "0-0:43.1.0"', "")).public_counter is None


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('name = "SMR5"', ""),
        ('name = "SMR5"', "name = 5"),
        ('name = "SMR5"', 'name = ""'),
        ('name = "SMR5"', 'name = "SMR5"\ncolour = "red"'),
        ("pdu = 1024", "pdu = 70000"),
        ("pdu = 1024", "pdu = 1024.0"),
        ("pdu = 1024", "pdu = true"),
        ("selects_columns = false", "selects_columns = 0"),
        ('"0-0:43.1.0"', '"0-0:43.1"'),
        ('"0-0:43.1.0"', '"0-0:43.1.256"'),
        ('"0-0:43.1.0"', '"\u0660-0:43.1.\u0b66"'),
        ('"0-0:43.1.0"', '"9-0:43.1.\u00b2"'),
        ('chore = "errors"', 'chore = "sorrows"'),
        ('chore = "errors"', 'role = "errors"'),
        ('chore = "errors", class_id = 1', 'chore = "errors", class_id = 65536'),
        ('obis = "0-0:97.97.0"', 'obis = "0-0:97.97"'),
        ('name = "e_interval"', 'name = "e_week"'),
        ('name = "e_interval"', 'name = "e_day"'),
        ("period_s = 900", "period_s = 0"),
        ("entries = 960", "entries = -1"),
        ('role = "clock"', 'role = "time"'),
        ('role = "clock"', 'role = "status"'),
        ('role = "status"', 'role = "clock"'),
        ('channel = "EXPORT"', 'channel = "IMPORT"'),
        ('channel = "EXPORT"', 'channel = "WATER"'),
        ('channel = "EXPORT", to_base = 0', 'channel = "EXPORT"'),
        ('channel = "EXPORT", to_base = 0', "to_base = 0"),
        ("to_base = 0", "to_base = 10"),
        ("class_id = 8", "class_id = 0"),
        ("attribute = 2", "attribute = 128"),
        ("attribute = 2", "attribute = 2, unit = 30"),
        ('{ role = "clock"', '"clock", { role = "clock"'),
        ("[[profile]]", "[profile]"),
        ("name", "["),
    ],
)
def test_a_file_that_says_it_wrongly_is_refused(was: str, becomes: str) -> None:
    assert was in TEXT
    with pytest.raises(BadModel):
        models.parse(TEXT.replace(was, becomes, 1))


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, "a = " + "[" * 50_000, "a = " + "9" * 60_000, "x" * 70_000, "\ufeff", "profile = []"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BadModel):
        models.parse(text)
