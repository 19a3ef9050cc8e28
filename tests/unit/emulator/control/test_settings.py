# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: what is taken over, and how a mistake is named."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.control.settings import AllSettings, SettingsError


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"speed": 1}, "unknown setting 'speed'; known settings: operation_seconds, page_size"),
        ({"operation_seconds": -1}, "'operation_seconds' must be a number from 0"),
        ({"page_size": 0}, "'page_size' must be a whole number from 1"),
        ({"retry_after": 1.5}, "'retry_after' must be a whole number"),
        ({"list_lag": "thawed"}, "'list_lag' must be a number from 0"),
        ({"accepted": 203}, "'accepted' must be one of 202, 202_empty"),
        ({"operation_host": "https://x"}, "'operation_host' must be null or a host"),
        ({"log_bodies": "no"}, "'log_bodies' must be true or false"),
        ({"busy_status": 418}, "'busy_status' must be one of 409, 400"),
        ({"throttle": {"read": {}}}, "'throttle' must be null or a mapping"),
        ({"throttle": {"reads": {"bucket": 1}}}, "'throttle.reads' must have 'bucket' and 'refill'"),
        ({"throttle": {"reads": {"bucket": 1, "refill": 1, "other": 1}}}, "'throttle.reads' must have 'bucket'"),
        (
            {"throttle": {"reads": {"bucket": 1, "refill": 1, "others": "2"}}},
            "'throttle.reads.others' must be a number",
        ),
        ({"remaining_counts": "some"}, "'remaining_counts' must be one of recorded, all, none"),
        ({"throttle": {"reads": {"bucket": 0, "refill": 1}}}, "'throttle.reads.bucket' must be a number above 0"),
        ({"policies": [{"name": "window"}]}, "setting 'policies': .*'scope' is a required property"),
        ([], "settings must be a mapping"),
    ],
)
def test_bad_settings_are_refused_as_a_whole(changes: Any, text: str) -> None:
    settings = AllSettings()
    with pytest.raises(SettingsError, match=text):
        settings.update(
            {"page_size": 7, **changes} if isinstance(changes, dict) and "page_size" not in changes else changes
        )
    assert settings == AllSettings()


def test_settings_are_taken_over() -> None:
    settings = AllSettings()
    settings.update({"operation_seconds": 0, "retry_after": None, "throttle": {"writes": {"bucket": 1, "refill": 0.5}}})
    assert settings.throttle == {"reads": {"bucket": 250, "refill": 25}, "writes": {"bucket": 1, "refill": 0.5}}
    settings.update({"throttle": None})
    assert settings.throttle is None
