"""IAM.

| what | kind | why |
|---|---|---|
| ListServiceSpecificCredentials | adds | asked when a user is destroyed by force |
| AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider | adds | missing |
"""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import OpenIDConnectProvider
from moto.iam.responses import IamResponse

from tarn_emulator.patches.registry import adds


@adds("iam", "ListServiceSpecificCredentials", reason="missing upstream")
def list_service_specific_credentials(self: IamResponse) -> ActionResult:
    """None: there is no call here that makes one."""
    return ActionResult({"ServiceSpecificCredentials": []})


@adds("iam", "AddClientIDToOpenIDConnectProvider", reason="missing upstream")
def add_client_id_to_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Add an audience; adding one twice changes nothing."""
    clients = _provider(self).client_id_list
    client = self._get_param("ClientID")
    if client not in clients:
        clients.append(client)
    return EmptyResult()


@adds("iam", "RemoveClientIDFromOpenIDConnectProvider", reason="missing upstream")
def remove_client_id_from_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Remove an audience; removing one that is not there changes nothing."""
    clients = _provider(self).client_id_list
    client = self._get_param("ClientID")
    if client in clients:
        clients.remove(client)
    return EmptyResult()


def _provider(self: IamResponse) -> OpenIDConnectProvider:
    return self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
