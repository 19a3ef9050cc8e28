# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Mark strings as templates or as text for Ansible, before and since ansible-core 2.19.

Before, every string is a template that is not marked as unsafe; since, none that is not marked as trusted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = None


# Every template has one of these: a bracket, or Ansible's header `#jinja2:` that chooses other brackets. Single
# characters, so that two texts without any cannot be put together to a template either.
_MARKS = ("{", "#")


def as_template(value: str) -> str:
    """Mark the string as a template."""
    return trust_as_template(value) if trust_as_template else value


def as_text(value: Any) -> Any:
    """Return the value with all strings in it marked as text, never to be taken for templates.

    A string without a mark of a template cannot be one. It stays free of Ansible's mark for unsafe texts, which
    `ansible-inventory` would show as `{"__ansible_unsafe": ..}` around every word.
    """
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, str):
        return _text(value)
    return value


def as_result(value: Any) -> Any:
    """Return the result of a task with all strings in it marked as text, where Ansible would not do so itself.

    It does since ansible-core 2.19, and before for results of modules only.
    """
    return value if trust_as_template else wrap_var(value)


def may_be_template(value: Any) -> bool:
    """Return whether there may be a template in the value of a variable, or a text that is encrypted."""
    if isinstance(value, str):
        return any(mark in value for mark in _MARKS)
    if isinstance(value, dict):
        return any(may_be_template(each) for part in value.items() for each in part)
    if isinstance(value, (list, tuple)):
        return any(may_be_template(each) for each in value)
    return not (value is None or isinstance(value, (bool, int, float)))


# An estate repeats its texts: regions, groups, tags, identities.
@lru_cache(maxsize=8192)
def _text(value: str) -> Any:
    return wrap_var(value) if any(mark in value for mark in _MARKS) else as_template(value)
