# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of planning, applying and refusing, each broken on purpose, and the tests that must notice."""

from __future__ import annotations

from mutations.applying import APPLYING, WAITING
from mutations.many import MANY
from mutations.planning import PLANNING

MUTATIONS = (*PLANNING, *APPLYING, *WAITING, *MANY)
