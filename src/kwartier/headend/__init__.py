"""Carries DLMS over channels to the meters: associations, concurrency, retries, gaps (leaflet S1)."""
