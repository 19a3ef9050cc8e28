# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that cannot work: the message names option and value, and no request leaves the machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from e2e.bad_input_cases import CASES, A
from e2e.world import seed_server, true_identity, user_assigned
from e2e.wrong_kind_cases import WRONG_KIND_CASES

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("options", "message", "target"), CASES + WRONG_KIND_CASES)
def test_no_request_is_sent_for(
    options: dict[str, Any], message: str, target: str | None, check: bool, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator, user_assigned("id-a"))
    start = true_identity(emulator)
    result = module(check=check, **options)
    assert result["failed"]
    assert not result.get("changed")
    assert result["msg"].startswith(message)
    assert result.get("error", {}).get("target") == target
    assert emulator.requests() == []
    assert true_identity(emulator) == start


def test_state_info_does_not_look_at_options_that_ask_for_a_change(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    assert module(state="info", identities=["x/y"], purge_identities=True, replaces=[""])["changed"] is False


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "No such file or directory"), ("no certificate", "it holds no PEM certificate"), ("", "it holds no PEM")],
    ids=["missing", "not a PEM", "empty"],
)
def test_a_ca_file_that_is(
    text: str | None, reason: str, tmp_path: Path, emulator: Emulator, module: RunModule
) -> None:
    path = str(tmp_path / "missing") if text is None else write(tmp_path, "ca.pem", text)
    result = module(identities=[A], ca_path=path)
    assert result["msg"].startswith(f"ca_path: cannot read the certificate authorities in {path!r}: {reason}")
    assert result["error"]["target"] == "ca_path"
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("option", "text", "reason"),
    [
        pytest.param("x509_certificate_path", None, "cannot read {}: No such file or directory.", id="no certificate"),
        pytest.param("x509_certificate_path", "nothing", "cannot use {}: ", id="a certificate that is none"),
        pytest.param("oidc_token_file_path", None, "cannot read {}: No such file or directory.", id="no token file"),
        pytest.param("oidc_token_file_path", "", "{} is empty.", id="an empty token file"),
        pytest.param("oidc_token_file_path", "\n", "{} is empty.", id="a token file of blanks"),
    ],
)
def test_a_credential_in_a_file_is_read_before_anything_is_sent(
    option: str, text: str | None, reason: str, tmp_path: Path, emulator: Emulator, module: RunModule
) -> None:
    path = str(tmp_path / "missing") if text is None else write(tmp_path, "credential", text)
    given: dict[str, Any] = {option: path}
    result = module(identities=[A], secret=None, **given)
    assert result["msg"].startswith(f"{option}: {reason.format(repr(path))}")
    assert result["error"]["target"] == option
    assert emulator.requests() == []


@pytest.mark.parametrize("password", [None, "wrong-password-1"], ids=["no password", "a wrong password"])
def test_an_encrypted_certificate_with(password: str | None, emulator: Emulator, module: RunModule) -> None:
    path = emulator.ready["client_certificate_encrypted"]
    result = module(identities=[A], secret=None, x509_certificate_path=path, x509_certificate_password=password)
    assert result["msg"].startswith(f"x509_certificate_path: cannot use {path!r}: ")
    assert "set x509_certificate_password" in result["msg"]
    assert "wrong-password-1" not in str(result)
    assert emulator.requests() == []


@pytest.mark.parametrize(
    "then",
    [
        pytest.param({"body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}}, id="HTML"),
        pytest.param({"body": "[]"}, id="an empty list"),
        pytest.param(
            {"body": '{"authentication": {"loginEndpoint": "http://login", "audiences": ["x"]}}'}, id="no TLS"
        ),
    ],
)
def test_a_cloud_whose_metadata_are(then: dict[str, Any], emulator: Emulator, module: RunModule) -> None:
    emulator.fault("GET", "/metadata/endpoints", then, times=-1)
    result = module(identities=[A])
    arm = emulator.ready["arm"]
    assert result["msg"].startswith(
        f"cloud_environment: {arm}/metadata/endpoints answered what is not ARM's description of its endpoints."
    )
    assert "https://management.azure.com" in result["msg"]
    assert result["error"]["target"] == "cloud_environment"
    assert emulator.requests("token") == emulator.requests("arm") == []


def test_a_cloud_without_metadata_is_told(emulator: Emulator, module: RunModule) -> None:
    emulator.fault("GET", "/metadata/endpoints", {"status": 404, "code": "NotFound"}, times=-1)
    result = module(identities=[A])
    assert "/metadata/endpoints answered HTTP 404." in result["msg"]
    assert emulator.requests("token") == emulator.requests("arm") == []


def test_a_cloud_that_only_knows_the_old_metadata_is_understood(emulator: Emulator, module: RunModule) -> None:
    emulator.fault("GET", "/metadata/endpoints", {"status": 400, "code": "InvalidApiVersionParameter"})
    seed_server(emulator)
    assert module(identities=[A], check=True)["changed"]


def test_a_cloud_that_refuses_connections_is_told(emulator: Emulator, module: RunModule) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"https://127.0.0.1:{closed.getsockname()[1]}"
    result = module(identities=[A], cloud_environment=address)
    assert result["msg"].startswith(f"cloud_environment: cannot reach {address}: Connection refused.")
    assert result["error"]["target"] == "cloud_environment"
    assert emulator.requests() == []


def test_a_proxy_that_refuses_connections_is_told(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    result = module(identities=[A])
    assert f"cannot reach {emulator.ready['arm']}: the proxy of HTTPS_PROXY: Connection refused." in result["msg"]
    assert emulator.requests() == []


def test_a_cloud_whose_certificate_authority_is_not_given_is_not_trusted(emulator: Emulator, module: RunModule) -> None:
    result = module(identities=[A], ca_path=None)
    assert result["msg"].startswith(f"cloud_environment: cannot reach {emulator.ready['arm']}: ")
    assert "certificate" in result["msg"].lower()
    assert "Set ca_path" in result["msg"]


def test_a_credentials_file_that_is_no_ini_is_not_quoted(home: Path, emulator: Emulator, module: RunModule) -> None:
    (home / ".azure").mkdir()
    write(home / ".azure", "credentials", "[default]\nsubscription_id=x\nsecret: s3cr3t-1\nmy other s3cr3t-2 line\n")
    result = module(identities=[A], secret=None)
    assert "line 4 is not INI" in result["msg"]
    assert "s3cr3t" not in str(result)
    assert emulator.requests() == []
