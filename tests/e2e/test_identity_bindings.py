# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a pod with an AKS identity binding the cluster's proxy gives tokens; here the emulator is that proxy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import azure.identity
import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.clouds import Cloud
from ansible_collections.pgflex.azure.plugins.module_utils._azure.credentials import TOKEN_FILE, build
from ansible_collections.pgflex.azure.plugins.module_utils._azure.deadline import Deadline
from ansible_collections.pgflex.azure.plugins.module_utils._azure.scrub import Scrubber
from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import resolve
from e2e.relay import relay
from e2e.world import AUDIENCE, seed_server

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.identity

KNOWN = tuple(map(int, azure.identity.__version__.split(".")[:2])) >= (1, 27)
#: Where tokens come from without the proxy. Nothing answers there.
NOWHERE = "https://127.0.0.1:9"


@pytest.fixture
def pod(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Set what AKS sets in a pod; return the options that are left to set."""
    seed_server(emulator)
    variables = {
        "AZURE_FEDERATED_TOKEN_FILE": emulator.ready["federated_token_file"],
        "AZURE_CLIENT_ID": emulator.ready["client_id"],
        "AZURE_TENANT_ID": emulator.ready["tenant_id"],
        "AZURE_AUTHORITY_HOST": NOWHERE,
        "AZURE_KUBERNETES_TOKEN_PROXY": emulator.ready["arm"],
        "AZURE_KUBERNETES_CA_FILE": emulator.ready["ca_file"],
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {"secret": None, "client_id": None, "tenant": None}


@pytest.mark.skipif(not KNOWN, reason="azure-identity before 1.27.0 knows no identity bindings")
def test_the_proxy_of_the_cluster_gives_the_token(emulator: Emulator, pod: dict[str, Any], module: RunModule) -> None:
    result = module(state="info", **pod)
    assert "msg" not in result, result
    (token,) = emulator.requests("token")
    assert token["path"] == f"/{emulator.ready['tenant_id']}/oauth2/v2.0/token"


@pytest.mark.skipif(not KNOWN, reason="azure-identity before 1.27.0 knows no identity bindings")
@pytest.mark.usefixtures("pod")
def test_neither_the_proxy_of_the_environment_nor_its_authorities_are_for_that_of_the_cluster(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    settings = resolve({}, {name: value for name, value in os.environ.items() if name.startswith("AZURE_")})
    scrubber = Scrubber()
    cloud = Cloud(NOWHERE, NOWHERE, f"{AUDIENCE}/.default", known=False)
    credential = build(TOKEN_FILE, settings, cloud, Deadline(), scrubber)
    assert credential.get_token(cloud.scope).token
    assert len(emulator.requests("token")) == 1
    assert "*" in scrubber.text(Path(emulator.ready["federated_token_file"]).read_text(encoding="utf-8"))


@pytest.mark.skipif(KNOWN, reason="azure-identity 1.27.0 and newer know identity bindings")
def test_an_older_library_is_told_before_anything_is_sent(
    emulator: Emulator, pod: dict[str, Any], module: RunModule
) -> None:
    result = module(state="info", **pod)
    assert "an AKS identity binding needs azure-identity 1.27.0 or newer" in result["msg"]
    assert emulator.requests() == []


def test_a_token_of_another_issuer_does_not_go_to_the_proxy(
    emulator: Emulator, pod: dict[str, Any], module: RunModule, tmp_path: Path
) -> None:
    other = tmp_path / "token"
    other.write_bytes(Path(emulator.ready["federated_token_file"]).read_bytes())
    result = module(state="info", **pod, oidc_token_file_path=str(other), adfs_authority_url=emulator.ready["arm"])
    assert "msg" not in result, result


@pytest.mark.skipif(not KNOWN, reason="azure-identity before 1.27.0 knows no identity bindings")
def test_a_proxy_without_tls_is_refused(
    emulator: Emulator, pod: dict[str, Any], module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_KUBERNETES_TOKEN_PROXY", "http://127.0.0.1:9")
    result = module(state="info", **pod)
    assert "Cannot use the federated token file" in result["msg"]
    assert "https" in result["msg"]
    assert emulator.requests() == []


@pytest.mark.skipif(not KNOWN, reason="azure-identity before 1.27.0 knows no identity bindings")
def test_a_proxy_that_is_not_reached_or_not_trusted_is_named_with_what_aks_sets(
    emulator: Emulator, pod: dict[str, Any], module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with relay(emulator, "", tmp_path / "other-ca.pem") as other:
        monkeypatch.setenv("AZURE_KUBERNETES_TOKEN_PROXY", other.url)
        result = module(state="info", **pod)
    assert result["error"]["code"] == "CertificateNotTrusted"
    assert f"cannot reach {other.url}: " in result["msg"]
    assert "AZURE_KUBERNETES_CA_FILE" in result["msg"]
    assert "ca_path" not in result["msg"]
    monkeypatch.setenv("AZURE_KUBERNETES_TOKEN_PROXY", NOWHERE)
    result = module(state="info", **pod)
    assert result["error"]["code"] == "NoConnection"
    assert f"cannot reach {NOWHERE}: Connection refused. That is AZURE_KUBERNETES_TOKEN_PROXY" in result["msg"]
