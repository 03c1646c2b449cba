"""Publishes what is live to the MQTT broker of the settings, and to nobody else. It comes back by itself.

The broker is told beforehand what to say should we vanish (the last will), so that "offline" is true also after a kill.
"""

import asyncio
import ssl
import time
from contextlib import suppress
from typing import Final, final

import aiomqtt

from kwartier.home.discovery import EXPIRE_S, Topics, config, sensors, state
from kwartier.home.live import Live
from kwartier.home.settings import Settings

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
KEEP_ALIVE_S: Final = 30
_AGAIN_S: Final = 30.0
"""After so long the status is said again: that is how a broker that vanished is noticed while the meter is silent."""


def tls() -> ssl.SSLContext:
    """Return what a broker's certificate is held against: chain and host name.

    Not the form of the chain as Python 3.13 asks: the authority that a household made by hand has no `keyUsage`.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@final
class Publisher:
    """The home's voice at the broker."""

    def __init__(self, settings: Settings, home: str, live: Live) -> None:
        """Connect only when run; `home` is its random name."""
        self._settings, self._live = settings, live
        self._topics = Topics(settings.mqtt_prefix, settings.mqtt_discovery, home)
        self._announced: tuple[str, ...] = ()
        self._said = ("", 0.0)
        self._told = 0.0

    async def run(self) -> None:
        """Publish until cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            began = time.monotonic()
            try:
                await self._while_connected()
            except aiomqtt.MqttError:
                self._live.broker = "away"
            wait_s = FIRST_WAIT_S if time.monotonic() - began > LONGEST_WAIT_S else min(2 * wait_s, LONGEST_WAIT_S)
            await asyncio.sleep(wait_s)

    async def _while_connected(self) -> None:
        settings, topics = self._settings, self._topics
        self._announced, self._said = (), ("", 0.0)
        async with aiomqtt.Client(
            settings.mqtt_host,
            settings.mqtt_port,
            username=settings.mqtt_user or None,
            password=settings.mqtt_password or None,
            identifier=topics.device,
            will=aiomqtt.Will(topics.status, "offline", qos=1, retain=True),
            tls_context=tls() if settings.mqtt_tls else None,
            keepalive=KEEP_ALIVE_S,
        ) as client:
            self._live.broker = "connected"
            try:
                while True:
                    await self._tell(client)
                    await asyncio.sleep(max(settings.mqtt_every_s, 0.05))
            except asyncio.CancelledError:
                with suppress(aiomqtt.MqttError):
                    await client.publish(topics.status, "offline", qos=1, retain=True)
                raise

    async def _tell(self, client: aiomqtt.Client) -> None:
        """Say what is new: the device if it has other sensors, the readings, and whether they come."""
        live, topics = self._live, self._topics
        is_fresh = live.sample is not None and time.monotonic() - live.received < EXPIRE_S
        if live.sample is not None and is_fresh and live.received != self._told:
            self._told = live.received
            published = sensors(live.sample, live.running_w())
            names = tuple(sensor.key for sensor in published)
            if topics.config and names != self._announced:
                await client.publish(topics.config, config(topics, published), qos=1, retain=True)
                self._announced = names
            await self._say(client, "online")
            await client.publish(topics.state, state(published), qos=1)
        await self._say(client, "online" if is_fresh else "offline")

    async def _say(self, client: aiomqtt.Client, status: str) -> None:
        now = time.monotonic()
        if (status, True) != (self._said[0], now - self._said[1] < _AGAIN_S):
            await client.publish(self._topics.status, status, qos=1, retain=True)
            self._said = status, now
