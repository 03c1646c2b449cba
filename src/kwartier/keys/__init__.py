"""Meter keys under a master key, key shipments, and the signature of the log (leaflet S5)."""
