"""Gatepost's own two themes. Colours are named here and nowhere else; styles refer to the names."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="gatepost-dark",
    primary="#7aa2d6",
    secondary="#8a93a6",
    accent="#7aa2d6",
    warning="#dcb26a",
    error="#e07a7a",
    success="#86bd8b",
    foreground="#d5d9e0",
    background="#15181d",
    surface="#1b1f26",
    panel="#242a33",
    dark=True,
    variables={
        "border": "#39424f",
        "border-blurred": "#2b323c",
        "footer-background": "#1b1f26",
        "footer-item-background": "#1b1f26",
        "footer-key-foreground": "#7aa2d6",
        "footer-description-foreground": "#9aa3b2",
        "block-cursor-background": "#2c3a4d",
        "block-cursor-foreground": "#f0f3f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#242a33",
        "block-cursor-blurred-foreground": "#d5d9e0",
        "input-cursor-background": "#d5d9e0",
        "input-cursor-foreground": "#15181d",
        "input-selection-background": "#3d5d85",
        "scrollbar": "#333b47",
        "scrollbar-hover": "#465163",
        "scrollbar-active": "#7aa2d6",
        "scrollbar-background": "#1b1f26",
        "scrollbar-background-hover": "#1b1f26",
        "scrollbar-background-active": "#1b1f26",
        "scrollbar-corner-color": "#1b1f26",
        "gate-dim": "#8791a1",
        "gate-line": "#2b323c",
    },
)

LIGHT: Final = Theme(
    name="gatepost-light",
    primary="#2b5f9e",
    secondary="#5f6b7c",
    accent="#2b5f9e",
    warning="#8a5a00",
    error="#b3303a",
    success="#2c7038",
    foreground="#252a31",
    background="#f6f5f1",
    surface="#fdfcfa",
    panel="#e9e7e1",
    dark=False,
    variables={
        "border": "#b9b6ac",
        "border-blurred": "#d8d5cc",
        "footer-background": "#e9e7e1",
        "footer-item-background": "#e9e7e1",
        "footer-key-foreground": "#2b5f9e",
        "footer-description-foreground": "#565e69",
        "block-cursor-background": "#cfdded",
        "block-cursor-foreground": "#15181d",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e4e2db",
        "block-cursor-blurred-foreground": "#252a31",
        "input-cursor-background": "#252a31",
        "input-cursor-foreground": "#fdfcfa",
        "input-selection-background": "#b5cdea",
        "scrollbar": "#c9c6bc",
        "scrollbar-hover": "#aeaa9e",
        "scrollbar-active": "#2b5f9e",
        "scrollbar-background": "#f0eee9",
        "scrollbar-background-hover": "#f0eee9",
        "scrollbar-background-active": "#f0eee9",
        "scrollbar-corner-color": "#f0eee9",
        "gate-dim": "#666d77",
        "gate-line": "#dcd9d0",
    },
)

# What a theme that is not ours lacks, in terms of what it has.
DEFAULTS: Final = {"gate-dim": "#888888", "gate-line": "#555555"}
