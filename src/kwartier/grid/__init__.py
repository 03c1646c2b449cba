"""Care for the grid, now and then: outages, dangerous situations, energy loss (leaflet S17 to S19). Dry."""
