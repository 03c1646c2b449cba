"""Kwartier: an open smart-metering data platform. No ground, no reading."""

__version__ = "0.1.0"
