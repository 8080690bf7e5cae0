"""Widgets that several screens share. A widget shows and posts; it never talks to the workspace."""
