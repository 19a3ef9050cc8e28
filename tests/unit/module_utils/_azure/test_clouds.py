# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Azure is: known clouds by name and by URL, and unknown ones by their own description."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure import clouds as _clouds
from ansible_collections.pgflex.azure.plugins.module_utils._azure.clouds import Cloud, find_cloud
from ansible_collections.pgflex.azure.plugins.module_utils._azure.deadline import Deadline
from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import Settings
from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, NoConnection, UnexpectedAnswer

BASE = "https://management.local.azurestack.external"
STACK = {
    "authentication": {"loginEndpoint": "https://login.example/tenant/", "audiences": ["https://management.example/1"]}
}
LISTED = [
    {"resourceManager": "https://management.azure.com/", "authentication": {"loginEndpoint": "x", "audiences": []}},
    {"name": "Own", "resourceManager": f"{BASE.upper()}/", **STACK},
]
FOUND = Cloud(BASE, "https://login.example/tenant", "https://management.example/1/.default", known=False)


class Answers:
    """Stands in for the request: answers in turn, and what was asked."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, url: str, base: str, ca_path: str | None, _deadline: Deadline) -> tuple[int, str]:
        assert url.startswith(f"{base}/")
        self.asked.append((url, ca_path))
        return self.left.pop(0)


def find(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, str], **values: str) -> tuple[Cloud, Answers]:
    """Return the cloud of these settings, and what was asked on the way; no more requests than answers are allowed."""
    asked = Answers(*answers)
    monkeypatch.setattr(_clouds, "_get", asked)
    return find_cloud(Settings(values, {}), Deadline()), asked


@pytest.mark.parametrize(
    ("value", "host"),
    [
        pytest.param(None, "management.azure.com", id="by default the public one"),
        pytest.param("AzureCloud", "management.azure.com", id="its name"),
        pytest.param("azurecloud", "management.azure.com", id="its name in small letters"),
        pytest.param("AZUREUSGOVERNMENT", "management.usgovcloudapi.net", id="a name in capitals"),
        pytest.param("AzureChinaCloud", "management.chinacloudapi.cn", id="China"),
        pytest.param("AzureBleuCloud", "management.sovcloud-api.fr", id="Bleu"),
        pytest.param("https://management.usgovcloudapi.net/", "management.usgovcloudapi.net", id="a known URL"),
    ],
)
def test_a_known_cloud_needs_no_request(monkeypatch: pytest.MonkeyPatch, value: str | None, host: str) -> None:
    cloud, _asked = find(monkeypatch, **({} if value is None else {"cloud_environment": value}))

    assert cloud.resource_manager == f"https://{host}"
    # Discovery would ask the public cloud, of which older libraries do not know that it need not be asked for Bleu.
    assert cloud.known is (value != "AzureBleuCloud")


def test_the_endpoints_are_those_of_the_sdk() -> None:
    azure = pytest.importorskip("azure.core")
    tools = pytest.importorskip("azure.mgmt.core.tools")
    for name, known in (
        ("AZURE_PUBLIC_CLOUD", "AzureCloud"),
        ("AZURE_US_GOVERNMENT", "AzureUSGovernment"),
        ("AZURE_CHINA_CLOUD", "AzureChinaCloud"),
    ):
        said = tools.get_arm_endpoints(azure.AzureClouds[name])
        ours = _clouds._KNOWN[known]
        assert ours.resource_manager == said["resource_manager"].rstrip("/")
        assert [ours.scope] == said["credential_scopes"]


@pytest.mark.parametrize("value", ["AzureGermanCloud", "management.azure.com", "Azure Cloud", "/"])
def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(InvalidInput, match=r"^cloud_environment: .* is none of AzureCloud, .* as the URL of its"):
        find(monkeypatch, cloud_environment=value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://management.azure.com", id="not https"),
        pytest.param("ftp://management.azure.com", id="not the web"),
        pytest.param("https://", id="no host"),
        pytest.param("https://user:password@host", id="a user"),
        pytest.param("https://:password@host", id="a password without a user"),
        pytest.param("https://host?x=1", id="a query"),
        pytest.param("https://host#x", id="a fragment"),
        pytest.param("https://[host", id="half a bracket"),
        pytest.param("https://host:99999", id="a port beyond all ports"),
        pytest.param("https://host:port", id="a port in words"),
    ],
)
@pytest.mark.parametrize("option", ["cloud_environment", "adfs_authority_url"])
def test_a_url_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, option: str, url: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{option}: .* is not an https URL of the form https://host\[:port\]"):
        find(monkeypatch, **{option: url})


@pytest.mark.parametrize(
    "document", [pytest.param(STACK, id="an object"), pytest.param(LISTED, id="a list that has it")]
)
def test_an_unknown_cloud_describes_itself(monkeypatch: pytest.MonkeyPatch, document: Any) -> None:
    cloud, asked = find(monkeypatch, (200, json.dumps(document)), cloud_environment=f"{BASE}/", ca_path="/ca.pem")

    assert cloud == FOUND
    assert asked.asked == [(f"{BASE}/metadata/endpoints?api-version=2022-09-01", "/ca.pem")]


def test_the_older_description_is_asked_for_where_the_newer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud, asked = find(monkeypatch, (400, "no"), (200, json.dumps(STACK)), cloud_environment=BASE)

    assert cloud == FOUND
    assert asked.asked[1][0].endswith("?api-version=2015-01-01")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param([(404, ""), (404, "")], "HTTP 404", id="404"),
        pytest.param([(200, "<html>")], "what is not ARM's description of its endpoints", id="HTML"),
        pytest.param([(200, "")], "what is not ARM's", id="nothing"),
        pytest.param([(200, "[]")], "what is not ARM's", id="an empty list"),
        pytest.param([(200, "{}")], "what is not ARM's", id="an empty object"),
        pytest.param([(200, "1")], "what is not ARM's", id="a number"),
        pytest.param([(200, "[1]")], "what is not ARM's", id="a list of numbers"),
        pytest.param([(200, '{"authentication": null}')], "what is not ARM's", id="a null"),
        pytest.param(
            [(200, json.dumps({"authentication": {"loginEndpoint": "http://plain", "audiences": ["a"]}}))],
            "what is not ARM's",
            id="a sign-in without TLS",
        ),
        pytest.param(
            [(200, json.dumps({"authentication": {"loginEndpoint": "https://x", "audiences": []}}))],
            "what is not ARM's",
            id="no audience",
        ),
    ],
)
def test_what_is_no_arm_is_an_error(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, str]], said: str) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        find(monkeypatch, *answers, cloud_environment=BASE)

    assert f"{BASE}/metadata/endpoints answered {said}" in str(caught.value)
    assert "Give the URL of an Azure Resource Manager endpoint" in str(caught.value)


@pytest.mark.parametrize("authority", ["https://adfs.example/adfs/", "adfs.example/adfs"])
def test_an_authority_of_ones_own_replaces_that_of_the_cloud(monkeypatch: pytest.MonkeyPatch, authority: str) -> None:
    cloud, _asked = find(monkeypatch, adfs_authority_url=authority)

    assert cloud == Cloud(
        "https://management.azure.com", "https://adfs.example/adfs", "https://management.azure.com/.default"
    )


def test_an_endpoint_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(NoConnection) as caught:
        find_cloud(Settings({"cloud_environment": BASE}, {}), Deadline())

    assert str(caught.value) == (
        f"cloud_environment: cannot reach {BASE}: Connection refused. "
        "Check the network, the DNS and the firewall of the machine that runs the task; behind a proxy set HTTPS_PROXY."
    )
