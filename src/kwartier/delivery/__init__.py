"""What leaves the house: parcels, one folder per kind of receiver. Dry: builds documents, hands nothing over."""
