"""IAM.

| what | kind | why |
|---|---|---|
| ListServiceSpecificCredentials | adds | asked when a user is destroyed by force |
| AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider | adds | missing |
| PutUserPermissionsBoundary, DeleteUserPermissionsBoundary | adds | missing |
| CreateUser | extends | upstream forgets the permissions boundary |
"""

from __future__ import annotations

from collections.abc import Callable

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import OpenIDConnectProvider, User
from moto.iam.responses import IamResponse

from tarn_emulator.patches.registry import adds, extends


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


@extends("iam", "CreateUser", reason="the permissions boundary was lost")
def create_user(upstream: Callable[..., ActionResult], self: IamResponse) -> ActionResult:
    """Create a user with its boundary."""
    answer = upstream(self)
    boundary = self._get_param("PermissionsBoundary")
    if boundary:
        _limit(self.backend.get_user(self._get_param("UserName")), boundary)
    return answer


@adds("iam", "PutUserPermissionsBoundary", reason="missing upstream")
def put_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Limit what a user may do by a managed policy."""
    arn = self._get_param("PermissionsBoundary")
    self.backend.get_policy(arn)
    _limit(self.backend.get_user(self._get_param("UserName")), arn)
    return EmptyResult()


@adds("iam", "DeleteUserPermissionsBoundary", reason="missing upstream")
def delete_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Take the limit away."""
    vars(self.backend.get_user(self._get_param("UserName"))).pop("permissions_boundary", None)
    return EmptyResult()


def boundary_of(user: User) -> str | None:
    """The ARN of the policy that limits a user."""
    return vars(user).get("permissions_boundary", {}).get("PermissionsBoundaryArn")


def _limit(user: User, arn: str) -> None:
    # moto writes what a user has under its own name into the answers about it.
    vars(user)["permissions_boundary"] = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": arn,
    }
