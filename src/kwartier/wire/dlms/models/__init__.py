"""Meter models: one TOML file per kind of meter, and `parse`, which reads its text. Loading files is not done here."""

from kwartier.wire.dlms.models.text import parse

__all__ = ["parse"]
