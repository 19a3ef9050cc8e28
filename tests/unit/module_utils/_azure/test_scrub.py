# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are taken out of texts in every form in which they travel, and nothing else is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._azure.scrub import Scrubber
from ansible_collections.pgflex.azure.plugins.module_utils._azure.transport import secrets_on_the_way
from ansible_collections.pgflex.azure.plugins.module_utils._errors import ServiceError

SECRET = 'p\u00e4ss "word" +/~ ='  # noqa: S105
MASK = "********"
#: Base64 of a secret has up to two letters on each side that depend on what is there.
LONG = st.text(st.characters(codec="utf-8"), min_size=12).filter(lambda each: len(each.strip()) >= 12)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
    ],
)
def test_a_secret_is_taken_out_in_the_form(form: str) -> None:
    assert Scrubber([SECRET]).text(f"a {form} b {form}") == f"a {MASK} b {MASK}"


@given(LONG, st.binary(max_size=5), st.binary(max_size=5))
def test_base64_is_known_wherever_the_secret_begins(secret: str, before: bytes, after: bytes) -> None:
    secret = secret.strip()
    scrubber = Scrubber([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + secret.encode() + after).decode()
        left = scrubber.text(text)
        assert MASK in left
        assert len(left.replace(MASK, "")) <= (len(before) + len(after)) * 4 / 3 + 8


def test_what_is_short_or_empty_is_no_secret() -> None:
    assert Scrubber(["", " ", "abc", "\n"]).text("abc def") == "abc def"
    assert Scrubber().text("abc") == "abc"


def test_the_longer_of_two_secrets_goes_first() -> None:
    scrubber = Scrubber(["secret"])
    scrubber.add("secret-and-more")
    assert scrubber.text("secret-and-more, secret") == f"{MASK}, {MASK}"


def test_a_result_keeps_its_form() -> None:
    facts = {"a": ["secret", 1, None, True], "secret": {"b": ("x secret",)}, "c": 1.5}
    assert Scrubber(["secret"]).facts(facts) == {
        "a": [MASK, 1, None, True],
        "secret": {"b": [f"x {MASK}"]},
        "c": 1.5,
    }


def test_an_error_says_it_nowhere() -> None:
    error = ServiceError(
        "Cannot secret", "no secret", code="secret", status=403, target="/secret", request_id="secret", hint="secret!"
    )
    assert Scrubber(["secret"]).error(error) is error
    assert "secret" not in repr((str(error), error.args, error.as_dict(), vars(error)))
    assert error.status == 403


def test_what_proxies_and_the_machine_are_sent_is_secret() -> None:
    environment = {
        "HTTPS_PROXY": "http://me:p%40ss@proxy:3128",
        "http_proxy": "proxy:3128",
        "ALL_PROXY": "http://[x",
        "IDENTITY_HEADER": "header",
    }
    assert {each for each in secrets_on_the_way(environment) if each} == {"p@ss", "header"}


def test_thousands_of_tokens_are_found_whole_and_in_base64() -> None:
    scrubber = Scrubber(["secret"])
    tokens = [f"PoP {number:04}/abc+def==" for number in range(2000)]
    for token in tokens:
        scrubber.add_token(token)
    assert scrubber.text(f"<{tokens[7]}|{tokens[1999]}> and the secret") == "<********|********> and the ********"
    assert scrubber.facts({"a": [tokens[3]], "b": "PoP none"}) == {"a": ["********"], "b": "PoP none"}
    encoded = base64.b64encode(f"x{tokens[5]}".encode()).decode()
    assert "********" in scrubber.text(encoded)
    assert Scrubber().facts(tokens[0]) == tokens[0]
