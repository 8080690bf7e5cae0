"""Every speed that the README states, as a command: `python -m bench.NAME [--json] [--quick]`."""
