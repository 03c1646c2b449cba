"""S3: the customer refuses the smart meter or has it switched off, and comes back; readings by hand, proof that none was read."""

from kwartier.workflows.refusal.choice import Choice, MyMeter, NothingToChange, NotYourMeter, choose, choose_for, meters

__all__ = ["Choice", "MyMeter", "NotYourMeter", "NothingToChange", "choose", "choose_for", "meters"]
