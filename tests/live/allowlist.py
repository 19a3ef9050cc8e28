# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a recording may hold as it is, compared to the letter. Everything else becomes a placeholder."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Names in JSON: those of the answers' properties, and the tag by which a server may be written to.
NAMES = _words(
    """
    activeDirectoryAuth additionalInfo administratorLogin allowedValues assignmentRestrictions authConfig autoGrow
    availabilityZone backup backupRetentionDays capacity clientId cluster clusterSize code createdAt createMode
    customWindow dataEncryption dataType dayOfWeek defaultDatabaseName defaultValue delegatedSubnetResourceId
    description details documentationLink earliestRestoreDate endTime error fullyQualifiedDomainName
    geoBackupEncryptionKeyStatus geoBackupFederatedIdentityClientId geoBackupKeyURI geoBackupUserAssignedIdentityId
    geoRedundantBackup highAvailability id identity iops isConfigPendingRestart isDynamicConfig isolationScope
    isReadOnly location maintenanceWindow message microsoftEntraAuth minorVersion mode name network nextLink operation
    passwordAuth percentComplete pgflex-live pointInTimeUTC primaryEncryptionKeyStatus primaryFederatedIdentityClientId
    primaryKeyURI primaryUserAssignedIdentityId principalId privateDnsZoneArmResourceId privateEndpointConnections
    promoteMode promoteOption properties providers provisioningState publicNetworkAccess replica replicaCapacity
    replicationRole replicationState resourceId role sku source sourceServerResourceId standbyAvailabilityZone startHour
    startMinute startTime state status storage storageSizeGB systemData tags target tenantId throughput tier type unit
    userAssignedIdentities value version
    """
)
_SWITCH = frozenset({"Enabled", "Disabled"})
_ROLES = frozenset({"None", "Primary", "AsyncReplica", "GeoAsyncReplica"})
_KEY_STATES = frozenset({"Valid", "Invalid"})
#: Values in JSON, by the name that they stand under.
WORDS: dict[str, frozenset[str]] = {
    "type": frozenset(
        {
            "AzureKeyVault",
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "Microsoft.DBforPostgreSQL/flexibleServers/configurations",
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "None",
            "SystemAssigned",
            "SystemAssigned,UserAssigned",
            "SystemManaged",
            "UserAssigned",
        }
    ),
    "state": _words(
        """
        Ready Dropping Disabled Starting Stopping Stopped Updating Restarting Inaccessible Provisioning NotEnabled
        CreatingStandby ReplicatingData FailingOver Healthy RemovingStandby
        """
    ),
    "status": frozenset({"InProgress", "Succeeded", "Failed", "Canceled", "Cancelled"}),
    "code": _words(
        """
        AuthorizationFailed BadRequest ConfigurationNotExists ExpiredAuthenticationToken FailedIdentityOperation
        InternalServerError InvalidApiVersionParameter InvalidAuthenticationToken InvalidRequestContent
        InvalidResourceType LinkedAuthorizationFailed LinkedInvalidPropertyId MissingSubscriptionRegistration
        NoRegisteredProviderFound OperationNotSupported RequestDisallowedByPolicy ResourceGroupNotFound
        ResourceNotFound ScopeLocked ServerBusy ServerDifferentSubscription ServerIsBusy ServerIsNotReady
        ServerStoppedError ServiceUnavailable SubscriptionNotFound SubscriptionRequestsThrottled
        """
    ),
    "role": _ROLES,
    "replicationRole": _ROLES,
    "tier": frozenset({"Burstable", "GeneralPurpose", "MemoryOptimized"}),
    "mode": frozenset({"Disabled", "SameZone", "ZoneRedundant"}),
    "version": frozenset(map(str, range(11, 20))),
    "primaryEncryptionKeyStatus": _KEY_STATES,
    "geoBackupEncryptionKeyStatus": _KEY_STATES,
    **dict.fromkeys(
        (
            "activeDirectoryAuth",
            "autoGrow",
            "customWindow",
            "geoRedundantBackup",
            "microsoftEntraAuth",
            "passwordAuth",
            "publicNetworkAccess",
        ),
        _SWITCH,
    ),
    "isolationScope": frozenset({"None", "Regional"}),
    "providers": frozenset({"Microsoft.DBforPostgreSQL", "Microsoft.DBforPostgreSQL/flexibleServers"}),
    "operation": frozenset({"UpsertServerManagementOperationV2"}),
    "value": frozenset({"on", "off"}),
    "pgflex-live": frozenset({"write"}),
}
#: Headers of answers, and the form in which a value is kept. All other headers are left out, names and all.
HEADERS = {
    "azure-asyncoperation": None,
    "content-type": re.compile(r"application/json(; charset=utf-8)?|text/(html|plain)(; charset=utf-8)?"),
    "location": None,
    "retry-after": re.compile(r"\d{1,4}"),
    "www-authenticate": None,
    "x-ms-correlation-request-id": None,
    "x-ms-operation-identifier": None,
    **dict.fromkeys(
        (
            f"x-ms-ratelimit-remaining-{scope}"
            for scope in (
                "subscription-reads",
                "subscription-writes",
                "subscription-global-reads",
                "subscription-global-writes",
            )
        ),
        re.compile(r"\d{1,6}"),
    ),
    "x-ms-request-id": None,
}
#: The names of the probes that ask for what is not there.
ABSENT_SERVER, ABSENT_GROUP, ABSENT_IDENTITY = (
    "pgflex-live-no-server",
    "pgflex-live-no-group",
    "pgflex-live-no-identity",
)
PARAMETER = "azure.fabric_mirror_enabled"
#: Parts of paths, in lower case: they are kept in any casing.
SEGMENTS = frozenset(
    {
        ABSENT_GROUP,
        ABSENT_IDENTITY,
        ABSENT_SERVER,
        PARAMETER,
        "azureasyncoperation",
        "configurations",
        "flexibleservers",
        "locations",
        "microsoft.dbforpostgresql",
        "microsoft.managedidentity",
        "operationresults",
        "providers",
        "resourcegroups",
        "subscriptions",
        "userassignedidentities",
    }
)
HOSTS = frozenset({"management.azure.com", "management.usgovcloudapi.net", "management.chinacloudapi.cn"})
#: Names in the query of an address; of their values only a version is kept.
QUERY = frozenset({"$skiptoken", "$top", "api-version", "c", "h", "s", "t"})
VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(-preview)?")
