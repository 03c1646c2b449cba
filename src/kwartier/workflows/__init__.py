"""Where rooms meet: a package per subject, each reading as its sentence of the leaflet."""
