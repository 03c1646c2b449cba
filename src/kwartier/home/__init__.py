"""The home's own energy manager: reads the P1 port, keeps the history, shows it. It knows no operator and speaks to none."""
