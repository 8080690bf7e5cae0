"""The providers that the form offers."""

from __future__ import annotations

import pytest

from core.values.configuration import ConfigurationFields, Security
from core.values.configuration_check import check_configuration
from tui.presets import BY_ID, CAPTURE, CUSTOM, PRESETS, Preset, preset_of


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_a_preset_fills_in_what_can_be_saved(preset: Preset) -> None:
    fields = ConfigurationFields(
        connection_name="Work",
        host=preset.host or "smtp.example.com",
        port=preset.port,
        security=preset.security,
        auth_mechanism=preset.auth_mechanism,
        username=preset.username or "ada",
        from_email="ada@example.com",
    )
    wrong = {problem.field for problem in check_configuration(fields)}
    assert wrong <= ({"username"} if preset is CAPTURE else set())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_a_preset_is_recognised_again(preset: Preset) -> None:
    assert preset_of(preset.host.upper(), preset.security) is preset
    assert preset.note


def test_ids_are_unique_and_unknown_hosts_are_another_server() -> None:
    assert len(BY_ID) == len(PRESETS)
    assert preset_of("mail.example.org", Security.STARTTLS) is CUSTOM
