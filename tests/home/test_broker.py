"""At a real broker, read back by an independent client: discovery, readings, and the last will after a kill."""

import json
import subprocess
from pathlib import Path

import httpx

from home_process_support import Dongle, broker, free_port, now, running, subscribed, until


def configured(data: Path, port: int, *lines: str) -> None:
    """Write the settings of a home that publishes."""
    data.mkdir()
    settings = ['mqtt_host = "127.0.0.1"', f"mqtt_port = {port}", "mqtt_every_s = 0.05", *lines]
    (data / "home.toml").write_text("\n".join(settings) + "\n")


def test_a_device_is_announced_its_readings_follow_and_a_kill_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with broker(tmp_path) as port, subscribed(port) as listener, Dongle(now(), every_s=0.1) as dongle:
        configured(data, port)
        with running(data, "--tcp", f"127.0.0.1:{dongle.port}") as home:
            until(lambda: len(listener.of("/state")) >= 2, "readings")
            assert listener.of("/status")[-1] == "online"
            with subscribed(port) as later:
                until(lambda: len(later.of("/config")) == 1 and bool(later.of("/status")), "what is retained")
                first = next(message for message in later.messages if message[0].endswith("/status"))
                assert first[1:] == (True, "online")
            home.kill()
        until(lambda: listener.of("/status")[-1] == "offline", "the last will")
        with subscribed(port) as later:
            until(lambda: bool(later.of("/status")), "the will is retained")
            assert later.of("/status") == ["offline"]
    [announced] = {payload for topic, _, payload in listener.messages if topic.endswith("/config")}
    body = json.loads(announced)
    [topic] = {topic for topic, _, _ in listener.messages if topic.endswith("/config")}
    assert topic == f"homeassistant/device/{body['device']['identifiers'][0]}/config"
    said = json.loads(listener.of("/state")[-1])
    assert said.keys() == body["components"].keys()
    assert {"power", "energy_import_low", "energy_export_normal", "gas", "voltage_l1", "quarter_power"} <= said.keys()
    assert {topic for topic, _, _ in listener.messages} == {topic, body["state_topic"], body["availability_topic"]}


def test_it_says_goodbye_and_is_offline_while_the_meter_is_silent(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with broker(tmp_path) as port, subscribed(port) as listener, Dongle([], every_s=0.1) as dongle:
        configured(data, port)
        with running(data, "--tcp", f"127.0.0.1:{dongle.port}"):
            until(lambda: listener.of("/status") == ["offline"], "a silent meter is offline")
        until(lambda: listener.of("/status") == ["offline", "offline"], "goodbye")
        assert listener.of("/config") == []


def test_it_comes_back_to_a_broker_that_was_away_and_signs_in(tmp_path: Path) -> None:
    data, passwords = tmp_path / "data", tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "home", "secret-word"], check=True, capture_output=True)  # noqa: S607 - Debian's
    port = free_port()
    configured(
        data, port, 'mqtt_user = "home"', 'mqtt_password = "secret-word"', 'mqtt_discovery = ""', 'mqtt_prefix = "own/place"'
    )
    with Dongle(now(), every_s=0.1) as dongle, running(data, "--tcp", f"127.0.0.1:{dongle.port}") as home:
        until(lambda: "cannot be reached" in httpx.get(f"{home.address}/en/meter").text, "it reads without its broker")
        with (
            broker(tmp_path, f"password_file {passwords}", port=port),
            subscribed(port, "-u", "home", "-P", "secret-word") as listener,
        ):
            until(lambda: len(listener.of("/state")) >= 2, "it came back")
            assert all(topic.startswith("own/place/kwartier_") for topic, _, _ in listener.messages)
