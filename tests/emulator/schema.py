# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's JSON schemas: of the control API's documents, and of the exchanges about servers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

_FOLDER = Path(__file__).parent / "schema"


class InvalidDocumentError(ValueError):
    """A document that is not as its schema says; the message names the place."""


@cache
def _validator(name: str) -> Draft202012Validator:
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in _FOLDER.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (file_name, Resource.from_contents(document)) for file_name, document in documents.items()
    )
    return Draft202012Validator(documents[f"{name}.json"], registry=registry)


def problems(document: object, name: str) -> list[str]:
    """Return every place where `document` differs from schema `name`, with the reason."""
    return [f"{each.json_path}: {each.message}" for each in _validator(name).iter_errors(document)]


def check(document: object, name: str) -> None:
    """Check a document.

    :raises InvalidDocumentError: naming the place that fits worst.
    """
    error = best_match(_validator(name).iter_errors(document))
    if error is not None:
        raise InvalidDocumentError(f"{error.json_path}: {error.message}")
