"""The operation log: written for every outcome, read in the order in which it became visible."""
