"""Care for the meters themselves, now and then: battery, clock, firmware, keys, events (leaflet S15, S16)."""
