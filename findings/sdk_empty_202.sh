#!/usr/bin/env bash
# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-mgmt-postgresqlflexibleservers 3.0.0 with azure-core 1.41.0: `begin_update(polling=False)` raises the JSON
# parser's own error when the 202 has no body, although the service has accepted the change; the address of the
# operation, which is in a header, is lost with it. The OpenAPI document of 2025-08-01 gives this 202 no body. Version
# 2.0.0 returns.
#
# Seen:
#   2.0.0: PATCH, 202 without a body: None
#   3.0.0: PATCH, 202 without a body: a JSONDecodeError
#
# Who takes this for a failure sends the same change again. This collection reads such an answer below the SDK's models.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.py" << 'PYTHON'
import responses
from azure.core.credentials import AccessToken
from azure.mgmt import postgresqlflexibleservers as sdk


class Credential:
    """Any token will do: nothing leaves this process."""

    def get_token(self, *scopes, **options):
        return AccessToken("none", 4102444800)


client = sdk.PostgreSQLManagementClient(Credential(), "00000000-0000-4000-8000-000000000001")
body = {"identity": {"type": "None"}}
with responses.RequestsMock() as answers:
    answers.patch(
        "https://management.azure.com/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/"
        "Microsoft.DBforPostgreSQL/flexibleServers/pg-one",
        status=202,
        headers={"Azure-AsyncOperation": "https://management.azure.com/an/operation"},
    )
    try:
        came = client.servers.begin_update("rg", "pg-one", body, polling=False).result()
    except ValueError as error:
        came = f"a {type(error).__name__}"
print(f"{sdk.__version__}: PATCH, 202 without a body: {came}")
PYTHON
for version in 2.0.0 3.0.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check \
    "azure-mgmt-postgresqlflexibleservers==$version" azure-core==1.41.0 azure-mgmt-core==1.6.0 responses==0.25.8
  "$folder/$version/bin/python" "$folder/try.py" | tee -a "$folder/seen"
done
diff "$folder/seen" - <<'SEEN'
2.0.0: PATCH, 202 without a body: None
3.0.0: PATCH, 202 without a body: a JSONDecodeError
SEEN
