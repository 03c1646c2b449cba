"""What a worker needs to speak to meters: unwrapped keys, limits, and a tap on what is sent where the settings ask for one."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from kwartier import headend
from kwartier.keys.vault import Vault
from kwartier.wire.dlms.client.chores import Image
from kwartier.workflows.installation import meter_models
from kwartier.workflows.visits.reach import MeterTarget, Place


@cache
def _vault(data: str) -> Vault:
    return Vault(Path(data) / "keys")


def meter_job(target: MeterTarget, place: Place, images: Mapping[int, Image] | None = None) -> headend.MeterJob:
    """Return the head-end's job for a meter, keys unwrapped."""
    vault = _vault(place.data)
    return headend.MeterJob(
        meter=target.meter,
        host=target.host,
        port=target.port,
        model=meter_models()[target.model],
        client_title=place.client_title,
        system_title=target.system_title,
        guek=vault.unwrap(target.guek),
        gak=vault.unwrap(target.gak),
        first_ic=target.first_ic,
        end_ic=target.end_ic,
        tasks=target.tasks,
        images=images or {},
    )


def limits(place: Place) -> headend.Limits:
    """Return the head-end's limits as the settings have them."""
    return headend.Limits(
        concurrency=place.concurrency,
        connect_s=place.connect_s,
        answer_s=place.answer_s,
        session_s=place.session_s,
        tries=place.tries,
        stop_age_s=place.stop_age_s,
    )


def tap(place: Place, batch: int) -> tuple[Callable[[int, bytes], None] | None, Callable[[], None]]:
    """Return the tap on frames and what closes it. A record is meter (8), length (4), frame; written before the frame goes."""
    if place.tap is None:
        return None, lambda: None
    out = (Path(place.tap) / f"{batch}.frames").open("ab", buffering=0)
    return lambda meter, frame: (out.write(meter.to_bytes(8, "big") + len(frame).to_bytes(4, "big") + frame), None)[1], out.close
