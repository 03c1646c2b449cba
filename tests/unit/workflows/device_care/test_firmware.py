"""New software for one meter: who signed it, which it is, whether there is a ground; and what the meter makes of it."""

from pathlib import Path

import psycopg
import pytest

from care_rounds_support import AT, Street
from care_support import TOWN
from kwartier.devices import firmware as files
from kwartier.devices.errors import NotFirmware, NotGenuine
from kwartier.engine import Inline
from kwartier.keys.errors import BadKey
from kwartier.simulator import firmware
from kwartier.store.registry.errors import NotFound
from kwartier.workflows import device_care
from kwartier.workflows.device_care import Ending, Update
from kwartier.workflows.device_care.firmware import NoSuchMeter, OtherImage

GOOD = firmware.release(TOWN.seed, "5.0.2")


@pytest.fixture
def three(three: Street) -> Street:
    """Trust the town's manufacturer."""
    device_care.trust(three.house, firmware.public_key(TOWN.seed))
    return three


def added(three: Street, image: bytes = GOOD) -> files.Firmware:
    return device_care.add(three.house, image, AT)


def loaded(three: Street, version: str = "5.0.2") -> Update:
    return device_care.load(three.house, three.places[0].meter, version, Inline(), clock=three.clock)


def called(three: Street) -> list[int]:
    return [one["method"] for one in three.journal("called")]


def swapped(three: Street, image: bytes) -> None:
    """Put other bytes in the registry's place for the image, as its owner could."""
    with psycopg.connect(three.house.dsns.owner, autocommit=True) as c:
        assert c.execute("update kw.firmware set image = %s", (image,)).rowcount == 1


def test_an_image_is_loaded_and_runs(three: Street) -> None:
    three.use_case("firmware_update", "firmware")
    added(three)
    assert loaded(three) == Update(Ending.ACTIVATED, "5.0.2")
    assert called(three)[-1] == 4
    assert three.kinds()[:1] == ["firmware:added"]
    assert {line["p"] for line in three.lines("batch:intended")} == {"firmware", "update"}
    assert three.all("select count(*) from kw.use_case_day") == [(1,)], "one day, however often it was visited"


def test_what_runs_already_is_not_sent(three: Street) -> None:
    three.use_case("firmware_update", "firmware")
    added(three)
    loaded(three)
    before = called(three)
    assert loaded(three) == Update(Ending.RAN_ALREADY, "5.0.2")
    assert called(three) == before


def test_without_a_ground_the_meter_hears_nothing(three: Street) -> None:
    added(three)
    assert loaded(three) == Update(Ending.NO_GROUND, "")
    three.use_case("device_care", "device_state")
    assert loaded(three) == Update(Ending.NO_GROUND, "")
    three.use_case("firmware_update", "firmware")
    three.facts.restriction(three.places[0].connection)
    assert loaded(three) == Update(Ending.NO_GROUND, "")
    assert three.journal() == []
    assert {line["x"] for line in three.lines("batch:refused")} == {"F2"}


@pytest.mark.parametrize(
    "image",
    [
        firmware.build(TOWN.seed + 1, "SMR5", "5.0.2", b"body"),
        GOOD[:200] + bytes((GOOD[200] ^ 1,)) + GOOD[201:],
        GOOD[:-1] + bytes((GOOD[-1] ^ 1,)),
        GOOD.replace(b"5.0.2", b"5.0.3", 1),
    ],
    ids=["another maker", "a bit of the body", "of the signature", "the version"],
)
def test_what_nobody_trusted_signed_is_not_added_and_not_loaded(three: Street, image: bytes) -> None:
    three.use_case("firmware_update", "firmware")
    with pytest.raises(NotGenuine):
        added(three, image)
    assert (three.all("select count(*) from kw.firmware"), three.kinds()) == ([(0,)], [])
    added(three)
    swapped(three, image)
    with pytest.raises(NotGenuine):
        loaded(three)
    assert (three.journal(), three.kinds()) == ([], ["firmware:added"])


@pytest.mark.parametrize(("model", "version"), [("SMR5", "5.0.1"), ("SMR4", "5.0.2")], ids=["an older version", "another model"])
def test_another_genuine_image_in_its_place_is_not_loaded_either(three: Street, model: str, version: str) -> None:
    """Whoever can write to the registry cannot bring a meter back to software with a known hole, or that of another meter."""
    three.use_case("firmware_update", "firmware")
    added(three)
    swapped(three, firmware.build(TOWN.seed, model, version, b"body"))
    with pytest.raises(NotGenuine):
        loaded(three)
    assert three.journal() == []


def test_a_manufacturer_that_is_trusted_no_more_loads_nothing(three: Street) -> None:
    three.use_case("firmware_update", "firmware")
    added(three)
    for key in (three.house.keys / "manufacturers").glob("*.pub"):
        key.unlink()
    with pytest.raises(NotGenuine):
        loaded(three)
    assert three.journal() == []


def test_what_the_meter_refuses_is_not_activated(three: Street) -> None:
    """Its manufacturer's key is another one than its operator was told to trust."""
    device_care.trust(three.house, firmware.public_key(TOWN.seed + 1))
    three.use_case("firmware_update", "firmware")
    added(three, firmware.build(TOWN.seed + 1, "SMR5", "5.0.2", b"body" * 400))
    assert loaded(three) == Update(Ending.REFUSED_BY_METER, firmware.PRESENT)
    assert 4 not in called(three)


def test_one_version_of_a_model_is_one_image(three: Street) -> None:
    added(three)
    assert added(three).version == "5.0.2"
    with pytest.raises(OtherImage):
        added(three, firmware.build(TOWN.seed, "SMR5", "5.0.2", b"other"))
    assert three.kinds() == ["firmware:added"]


def test_what_is_not_there_is_said(three: Street) -> None:
    with pytest.raises(NotFound):
        loaded(three)
    with pytest.raises(NoSuchMeter):
        device_care.load(three.house, 4711, "5.0.2", Inline(), clock=three.clock)


def test_files_are_read_within_bounds(tmp_path: Path) -> None:
    key, image = tmp_path / "key", tmp_path / "image"
    key.write_text(firmware.public_key(4).hex() + "\n", "ascii")
    assert device_care.read_key(key) == firmware.public_key(4)
    for wrong in (b"", b"\xff" * 64, b"ab" * 33, b"0" * 10_000_000):
        key.write_bytes(wrong)
        with pytest.raises(BadKey):
            device_care.read_key(key)
    image.write_bytes(GOOD)
    assert device_care.read_image(image) == GOOD
    with image.open("wb") as file:
        file.truncate(files.LARGEST + 1)
    with pytest.raises(NotFirmware):
        device_care.read_image(image)
