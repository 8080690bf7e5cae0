"""What a person at a terminal touches: the dashboard and the `gatepost` command."""
