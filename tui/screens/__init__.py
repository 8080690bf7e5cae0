"""The dashboard's screens: one folder per mode, and the base they share."""
