# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the SDK and make one GET, nothing else: the cost that ours is compared with."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    names = (
        "authority",
        "tenant",
        "client_id",
        "secret",
        "arm",
        "audience",
        "ca_path",
        "subscription_id",
        "group",
        "name",
    )
    module = AnsibleModule({name: {"type": "str", "no_log": name == "secret"} for name in names})
    given = module.params

    from azure.identity import ClientSecretCredential
    from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient

    credential = ClientSecretCredential(
        given["tenant"],
        given["client_id"],
        given["secret"],
        authority=given["authority"],
        disable_instance_discovery=True,
        connection_verify=given["ca_path"],
    )
    client = PostgreSQLManagementClient(
        credential,
        given["subscription_id"],
        base_url=given["arm"],
        credential_scopes=[f"{given['audience']}/.default"],
        connection_verify=given["ca_path"],
    )
    server = client.servers.get(given["group"], given["name"])
    module.exit_json(changed=False, location=server.location)


if __name__ == "__main__":
    main()
