"""The mode Configurations: where mail leaves, and whether the way there works."""
