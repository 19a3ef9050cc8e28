# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tenant of the emulator, and the one application and user that sign in to it."""

from __future__ import annotations

TENANT_ID = "00000000-0000-4000-8000-0000000000aa"
# A second tenant in which the application exists too, so that a token of a wrong tenant can be had.
OTHER_TENANT_ID = "00000000-0000-4000-8000-0000000000bb"
CLIENT_ID = "00000000-0000-4000-8000-0000000000c1"
OBJECT_ID = "00000000-0000-4000-8000-0000000000d1"
AD_USER = "engineer@emulator.example"
