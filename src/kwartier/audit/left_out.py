"""What is missing between proofs about one person: lines are numbered, and each has the hash of the one before it."""

from collections.abc import Iterable

from kwartier.audit.verify import Place, Verified


def left_out(files: Iterable[Verified]) -> list[str]:
    """Say what is missing between the lines about one person that these files prove; nothing if they follow one another.

    Lines before the first and after the last one given are not known here. An erased line counts as missing.
    """
    chains: dict[tuple[int, bool], dict[int, Place]] = {}
    said = []
    for place in (one.place for one in files if one.place is not None):
        of_chain = chains.setdefault((place.connection, place.batch), {})
        if of_chain.setdefault(place.nth, place).own != place.own:
            said.append(f"there are two lines {place.nth} at connection {place.connection}")
    for (connection, batch), places in sorted(chains.items()):
        what = f"of {'batches' if batch else 'single events'} at connection {connection}"
        for nth in range(min(places), max(places) + 1):
            if nth not in places:
                said.append(f"line {nth} {what} is missing")
            elif nth - 1 in places and places[nth].before != places[nth - 1].own:
                said.append(f"line {nth} {what} does not follow line {nth - 1}")
    return said
