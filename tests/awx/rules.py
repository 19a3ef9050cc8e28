# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what AWX 24.6.1 refuses: credential types, surveys, and answers to surveys. Pure.

Sources: awx/main/fields.py (CredentialTypeInputField, CredentialTypeInjectorField), awx/api/views
(JobTemplateSurveySpec), awx/main/models/mixins.py (SurveyJobTemplateMixin).
"""

from __future__ import annotations

import re
from typing import Any

_FIELD_KEYS = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret"}
_FIELD_KEYS |= {"ask_at_runtime", "default"}
_RESERVED_ENVIRONMENT = re.compile(
    "ANSIBLE_.*|VIRTUAL_ENV|PATH|PYTHONPATH|JOB_ID|INVENTORY_ID|INVENTORY_SOURCE_ID|INVENTORY_UPDATE_ID|AD_HOC_COMMAND_ID"
    "|REST_API_URL|REST_API_TOKEN|MAX_EVENT_RES|CALLBACK_QUEUE|CALLBACK_CONNECTION|CACHE|JOB_CALLBACK_DEBUG"
    "|INVENTORY_HOSTVARS|AWX_HOST|PROJECT_REVISION|SUPERVISOR_CONFIG_PATH"
)
_TEXTS = ("text", "textarea", "password")
_CHOICES = ("multiplechoice", "multiselect")
_NUMBERS: dict[str, tuple[type, ...]] = {"integer": (int,), "float": (float, int)}


class Refused(Exception):
    """AWX answers 400; the message is what it says in essence."""


def check_credential_type(kind: dict[str, Any]) -> None:
    """Raise `Refused` for a credential type that AWX would not take."""
    if kind["kind"] not in ("cloud", "net"):
        raise Refused(f"kind {kind['kind']!r} is neither cloud nor net")
    fields = kind["inputs"]["fields"]
    ids = [field["id"] for field in fields]
    for field in fields:
        if not re.fullmatch(r"[a-zA-Z_]\w*", field["id"]) or field["id"] == "tower" or not field["label"]:
            raise Refused(f"field {field}")
        if unknown := set(field) - _FIELD_KEYS:
            raise Refused(f"field {field['id']}: {sorted(unknown)}")
        if field["type"] not in ("string", "boolean") or field.get("format", "url") not in ("ssh_private_key", "url"):
            raise Refused(f"field {field['id']}: type or format")
    if len(set(ids)) != len(ids) or not set(kind["inputs"].get("required", [])) <= set(ids):
        raise Refused("ids of fields")
    _check_injectors(kind["injectors"], ids)


def _check_injectors(injectors: dict[str, Any], ids: list[str]) -> None:
    if unknown := set(injectors) - {"env", "file", "extra_vars"}:
        raise Refused(f"injectors: {sorted(unknown)}")
    for name in injectors.get("env", {}):
        if _RESERVED_ENVIRONMENT.fullmatch(name) or not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name):
            raise Refused(f"environment variable {name}")
    for template in [text for part in injectors.values() for text in part.values()]:
        for name in re.findall(r"\{\{ *(\w+)", template):
            if name not in [*ids, "tower"]:
                raise Refused(f"{template} uses an undefined field")


def check_survey(survey: dict[str, Any]) -> None:
    """Raise `Refused` for a survey that AWX would not take."""
    if not all(isinstance(survey.get(name), str) for name in ("name", "description")) or not survey.get("spec"):
        raise Refused("name, description or spec")
    variables = [question.get("variable") for question in survey["spec"]]
    if len(set(variables)) != len(variables):
        raise Refused("a variable is asked for twice")
    for question in survey["spec"]:
        _check_question(question)


def _check_question(question: dict[str, Any]) -> None:
    label = question.get("question_name")
    kinds = {"type": str, "question_name": str, "variable": str, "required": bool}
    if [name for name, kind in kinds.items() if not isinstance(question.get(name), kind)]:
        raise Refused(f"{label}: type, question_name, variable and required are needed")
    kind, default = question["type"], question.get("default", "")
    if kind not in (*_TEXTS, *_CHOICES, *_NUMBERS):
        raise Refused(f"{label}: type {kind}")
    if default != "" and not isinstance(default, _NUMBERS.get(kind, (str,))):
        raise Refused(f"{label}: default {default!r}")
    if [name for name in ("min", "max") if not isinstance(question.get(name, 0), int)]:
        raise Refused(f"{label}: min or max")
    if kind in _CHOICES:
        if "choices" not in question:
            raise Refused(f"{label}: choices")
        if set(default.splitlines()) - set(_choices(question)):
            raise Refused(f"{label}: default {default!r} is none of the choices")


def _choices(question: dict[str, Any]) -> list[str]:
    choices = question["choices"]
    return choices.splitlines() if isinstance(choices, str) else list(choices)


def accepted(template: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return the variables that a launch with these `answers` adds to the template's own. Raise `Refused`.

    Defaults fill in what is not answered, but a required question needs an answer. Without `ask_variables_on_launch`
    no variable is taken that the survey does not ask for.
    """
    questions = template.get("survey_spec", {}).get("spec", [])
    for question in questions:
        name = question["variable"]
        if name in answers:
            _check_answer(question, answers[name])
        elif question["required"]:
            raise Refused(f"'{name}' value missing")
    others = set(answers) - {question["variable"] for question in questions}
    if others and not template.get("ask_variables_on_launch"):
        raise Refused(f"Variables {sorted(others)} are not allowed on launch")
    defaults = {
        each["variable"]: each["default"] for each in questions if "default" in each and each["type"] != "multiselect"
    }
    return {**defaults, **answers}


def check_credentials(template: dict[str, Any], held: list[str], given: list[str]) -> None:
    """Raise `Refused` for a launch with credentials of the types `given` where the template has those `held`.

    Source: awx/api/serializers.py (JobLaunchSerializer).
    """
    if not template.get("ask_credential_on_launch"):
        raise Refused("credentials: Field is not configured to prompt on launch.")
    if twice := sorted({kind for kind in given if given.count(kind) > 1}):
        raise Refused(f"Cannot assign multiple {', '.join(twice)} credentials.")
    if lacking := sorted(set(held) - set(given)):
        raise Refused(
            f"Removing {', '.join(lacking)} credential at launch time without replacement is not supported. "
            f"Provided list lacked credential(s): {', '.join(lacking)}."
        )


def _check_answer(question: dict[str, Any], answer: Any) -> None:
    kind, low, high = question["type"], question.get("min"), question.get("max")
    if kind in _CHOICES:
        given = answer if kind == "multiselect" else [answer]
        right = isinstance(given, list) and set(given) <= set(_choices(question))
    else:
        kinds: tuple[type, ...] = _NUMBERS.get(kind, (str,))
        size = len(answer) if isinstance(answer, str) else answer
        right = isinstance(answer, kinds) and (low is None or size >= low) and (high is None or size <= high)
    if not right:
        raise Refused(f"Value {answer!r} for '{question['variable']}'")
