"""Settings are strict, and every one has its sentence in the file that is written out."""

from dataclasses import fields
from pathlib import Path

import pytest

from kwartier.home.errors import BadSettings
from kwartier.home.settings import FILE_NAME, Settings, address_of, commented, load, parse, source_of


def test_no_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    assert Settings().listen == "127.0.0.1"
    assert Settings().is_loopback


def test_what_is_written_out_sets_nothing_and_names_everything(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(commented())
    assert load(tmp_path) == Settings()
    uncommented = "\n".join(line.removeprefix("# ") for line in commented().splitlines() if " = " in line and line.startswith("# "))
    assert parse(uncommented) == Settings()
    assert all(f"# {each.name} = " in commented() for each in fields(Settings))


def test_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('source = "tcp:dongle:23"\nport = 1')
    found = load(tmp_path, source="replay:x")
    assert (found.source, found.port) == ("replay:x", 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("sorce = 'x'", "sorce"),
        ("port = 'x'", "port"),
        ("port = 70000", "port"),
        ("port = true", "port"),
        ("mqtt_tls = 1", "mqtt_tls"),
        ("raw_mb = 0", "raw_mb"),
        ("listen = 'everywhere'", "listen"),
        ("p1_key = 'zz'", "p1_key"),
        ("p1_key = '00'", "p1_key"),
        ("p1_authentication_key = '00'", "p1_authentication_key"),
        ("mqtt_prefix = 'a/#'", "mqtt_prefix"),
        ("mqtt_discovery = '/a'", "mqtt_discovery"),
        ("source = 'serial:ttyUSB0'", "source"),
        ("source = 'serial:'", "source"),
        ("source = 'socket://1.2.3.4'", "source"),
        ("source = 'tcp:host'", "source"),
        ("source = 'tcp:host:0'", "source"),
        ("source = 'tcp:host:99999'", "source"),
        ("= 1", "TOML"),
    ],
)
def test_a_wrong_setting_is_named(text: str, named: str) -> None:
    with pytest.raises(BadSettings, match=named):
        parse(text)


def test_a_password_is_never_in_the_message() -> None:
    with pytest.raises(BadSettings) as fault:
        parse("mqtt_password = 5")
    assert "5" not in str(fault.value)
    with pytest.raises(BadSettings) as fault:
        parse("p1_key = 'secretsecret'")
    assert "secret" not in str(fault.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings, match="cannot be read"):
        load(tmp_path)


def test_sources_and_addresses() -> None:
    assert source_of("serial:/dev/ttyUSB0") == ("serial", "/dev/ttyUSB0")
    assert source_of("replay:a:b") == ("replay", "a:b")
    assert address_of("dongle.lan:23") == ("dongle.lan", 23)
    assert address_of("[fd00::1]:2001") == ("fd00::1", 2001)


def test_keys() -> None:
    assert Settings().keys() is None
    assert parse(f"p1_key = '{'ab' * 16}'").keys() == (b"\xab" * 16, b"")


@pytest.mark.parametrize(("listen", "loopback"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False)])  # noqa: S104 - only parsed
def test_loopback_is_known(listen: str, loopback: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    assert parse(f"listen = '{listen}'").is_loopback is loopback
