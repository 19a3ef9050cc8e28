# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of the collection, as sent in the user agent. PRIVATE to this collection.

A module runs far from galaxy.yml, so the number stands here once more; a test holds the two together.
"""

from __future__ import annotations

VERSION = "1.0.0"
