# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The connection options. Their argument spec is `CONNECTION` in `_module/argspec.py`."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Where the credential comes from.
      - With V(auto) it is made of what is really there, field by field from the options, else the environment, else the
        credentials file. Of several complete credentials the one whose secret comes from the strongest source wins;
        within one source the order is secret, certificate, user and password, federated token, federated token file.
        Without any of these it is the managed identity where the platform announces one, where only O(client_id) is
        set, or where AWX sets E(AZURE_AD_USER) and E(AZURE_PASSWORD) to empty strings; else the login of the Azure CLI
        if C(az) is there, else the managed identity.
      - With V(env) the credentials file is not read, with V(credential_file) the environment is not, but for
        E(AZURE_PROFILE) and E(REQUESTS_CA_BUNDLE). Options always count.
      - V(cli) uses the login of the Azure CLI, V(msi) a managed identity, user-assigned if O(client_id) is set.
      - If it is not set, E(ANSIBLE_AZURE_AUTH_SOURCE) is used, else V(auto).
    type: str
  profile:
    description:
      - Section of the credentials file C(~/.azure/credentials), an INI file whose keys are the names of these options.
      - If it is not set, E(AZURE_PROFILE) is used, else the section C(default) if there is one.
    type: str
  subscription_id:
    description:
      - Subscription of the server. It is not needed where the server is named by its resource ID.
      - If it is not set, E(AZURE_SUBSCRIPTION_ID) is used; with the login of the Azure CLI, its default subscription.
    type: str
  client_id:
    description:
      - Application (client) ID of the service principal, or of the user-assigned managed identity to log in with. For
        that one its resource ID will do too, with azure-identity 1.18 or newer.
      - If it is not set, E(AZURE_CLIENT_ID) is used.
    type: str
  secret:
    description:
      - Client secret of the service principal.
      - If it is not set, E(AZURE_SECRET) is used, else E(AZURE_CLIENT_SECRET).
    type: str
  tenant:
    description:
      - Tenant of the credential, its ID or one of its domains.
      - If it is not set, E(AZURE_TENANT) is used, else E(AZURE_TENANT_ID).
    type: str
  ad_user:
    description:
      - User name. In the public cloud a user who signs in with a password can only read and check, since it wants
        multifactor authentication for writes. Use a service principal, a managed identity or a federated token.
      - If it is not set, E(AZURE_AD_USER) is used, else E(AZURE_USERNAME).
    type: str
  password:
    description:
      - Password of O(ad_user).
      - If it is not set, E(AZURE_PASSWORD) is used.
    type: str
  x509_certificate_path:
    description:
      - File with certificate and private key of the service principal, PEM or PKCS12.
      - If it is not set, E(AZURE_X509_CERTIFICATE_PATH) is used, else E(AZURE_CLIENT_CERTIFICATE_PATH).
    type: path
  x509_certificate_password:
    description:
      - Password of the private key in O(x509_certificate_path).
      - If it is not set, E(AZURE_CLIENT_CERTIFICATE_PASSWORD) is used.
    type: str
  oidc_token:
    description:
      - Token of another issuer that the service principal trusts through a federated identity credential.
      - If it is not set, E(AZURE_FEDERATED_TOKEN) is used.
    type: str
  oidc_token_file_path:
    description:
      - File with such a token, as workload identity on AKS writes it. It is read again when it is renewed.
      - If it is not set, E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  cloud_environment:
    description:
      - V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), V(AzureBleuCloud), or the URL of an Azure Resource
        Manager endpoint, whose C(/metadata/endpoints) tells the rest.
      - If it is not set, E(AZURE_CLOUD_ENVIRONMENT) is used, else V(AzureCloud).
    type: str
  adfs_authority_url:
    description:
      - Authority that issues the tokens, in place of the cloud's own.
      - If it is not set, E(AZURE_ADFS_AUTHORITY_URL) is used, else E(AZURE_AUTHORITY_HOST).
    type: str
  disable_instance_discovery:
    description:
      - Do not ask the public cloud whether the authority is known. Needed where that cannot be reached. It is always so
        for a cloud given by a URL that is not the address of a cloud known by name.
      - V(true) or V(false). If it is not set, E(AZURE_DISABLE_INSTANCE_DISCOVERY) is used, else V(false).
    type: str
  ca_path:
    description:
      - File or folder with the certificate authorities to trust, for an endpoint or a proxy with its own.
      - If it is not set, E(REQUESTS_CA_BUNDLE) is used, else those that come with Python's C(certifi).
    type: path
requirements:
  - azure-identity >= 1.17.0
  - azure-mgmt-postgresqlflexibleservers >= 1.1.0
notes:
  - An environment variable that is empty counts as unset.
  - To set the connection once for a whole play, use C(module_defaults) with the group C(group/pgflex.azure.azure).
"""
