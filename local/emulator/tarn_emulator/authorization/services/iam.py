"""IAM: users, groups, roles, policies and identity providers, each by its ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import IAMBackend, iam_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.identity import role_named
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.patches.caller import access_key, caller_of
from tarn_emulator.patches.iam import boundary_of
from tarn_emulator.settings import ACCOUNT_ID

_ACCOUNT = f"arn:aws:iam::{ACCOUNT_ID}"


def checks(call: Call) -> list[Check]:
    """What a call of IAM needs."""
    return SERVICE.checks(call)


def role_arn(name: str) -> str:
    """The ARN of a role given by name or ARN. Of one that does not exist only the name counts."""
    role = role_named(name)
    if role is not None:
        return role.arn
    return name if name.startswith("arn:") else f"{_ACCOUNT}:role/{name.lstrip('/')}"


def resource(arn: str, call: Call) -> Resource:
    """A user, role, policy or provider with its tags."""
    return Resource(arn, _tags(arn))


def _iam() -> IAMBackend:
    return iam_backends[ACCOUNT_ID]["aws"]


def _tags(arn: str) -> Mapping[str, str]:
    kind = arn.split(":", 5)[-1].split("/")[0]
    if kind == "role":
        role = role_named(arn)
        return tags.as_dict(role.tags) if role else {}
    if kind == "user":
        return tags.as_dict(_iam().tagger.list_tags_for_resource(arn)["Tags"])
    owner = _iam().managed_policies.get(arn) or _iam().open_id_providers.get(arn)
    return tags.as_dict(owner.get_tags()) if owner else {}


def _role(call: Call) -> Iterable[str]:
    return (role_arn(call.get("RoleName", "")),)


def _user(call: Call) -> Iterable[str]:
    name = call.get("UserName")
    if not name:
        # IAM then means the caller.
        arns = caller_of(access_key(call.request)).arns
        return arns[:1]
    user = _iam().users.get(name)
    return (user.arn if user else f"{_ACCOUNT}:user/{name}",)


def _user_or_everything(call: Call) -> Iterable[str]:
    return _user(call) if call.get("UserName") else everything(call)


def _user_of_key(call: Call) -> Iterable[str]:
    caller = caller_of(call.get("AccessKeyId", ""))
    return caller.arns[:1]


def _group(call: Call) -> Iterable[str]:
    group = _iam().groups.get(call.get("GroupName", ""))
    return (group.arn if group else f"{_ACCOUNT}:group/{call.get('GroupName')}",)


def _profile(call: Call) -> Iterable[str]:
    name = call.get("InstanceProfileName", "")
    profiles = list(_iam().instance_profiles.values())
    found = next((one.arn for one in profiles if one.name == name), None)
    return (found or f"{_ACCOUNT}:instance-profile/{name}",)


def _new(kind: str, name: str) -> Any:
    def arns(call: Call) -> Iterable[str]:
        return (f"{_ACCOUNT}:{kind}{call.get('Path', '/')}{call.get(name)}",)

    return arns


def _new_provider(call: Call) -> Iterable[str]:
    return (f"{_ACCOUNT}:oidc-provider/{call.get('Url', '').removeprefix('https://')}",)


def _service_linked_role(call: Call) -> Iterable[str]:
    return (f"{_ACCOUNT}:role/aws-service-role/{call.get('AWSServiceName')}/*",)


def _requested_boundary(call: Call) -> Mapping[str, Any]:
    return {"iam:PermissionsBoundary": call.get("PermissionsBoundary")}


def _limits(call: Call) -> Mapping[str, Any]:
    """The boundary that the role or user of the request has, and the policy that is attached."""
    boundary = None
    if call.get("RoleName"):
        role = role_named(call.get("RoleName"))
        boundary = role.permissions_boundary_arn if role else None
    elif call.get("UserName"):
        user = _iam().users.get(call.get("UserName"))
        boundary = boundary_of(user) if user else None
    return {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": call.get("PolicyArn")}


def _linked_service(call: Call) -> Mapping[str, Any]:
    return {"iam:AWSServiceName": call.get("AWSServiceName")}


_policy = parameter("PolicyArn")
_provider = parameter("OpenIDConnectProviderArn")

SERVICE = Service(
    prefix="iam",
    resource=resource,
    rules={
        **each(
            "DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy PutRolePolicy"
            " DeleteRolePolicy AttachRolePolicy DetachRolePolicy DeleteRolePermissionsBoundary"
            " GetRole",
            _role,
            keys=_limits,
        ),
        **each("PutRolePermissionsBoundary", _role, keys=_requested_boundary),
        **each(
            "GetRolePolicy ListRolePolicies ListAttachedRolePolicies ListRoleTags"
            " ListInstanceProfilesForRole TagRole UntagRole DeleteServiceLinkedRole",
            _role,
        ),
        **each(
            "PutUserPolicy DeleteUserPolicy AttachUserPolicy DetachUserPolicy"
            " DeleteUserPermissionsBoundary",
            _user,
            keys=_limits,
        ),
        **each("PutUserPermissionsBoundary", _user, keys=_requested_boundary),
        **each(
            "GetUser DeleteUser UpdateUser GetUserPolicy ListUserPolicies ListAttachedUserPolicies"
            " ListGroupsForUser ListUserTags TagUser UntagUser CreateAccessKey DeleteAccessKey"
            " UpdateAccessKey ListAccessKeys CreateLoginProfile GetLoginProfile UpdateLoginProfile"
            " DeleteLoginProfile ChangePassword ListSigningCertificates DeleteSigningCertificate"
            " ListSSHPublicKeys DeleteSSHPublicKey ListServiceSpecificCredentials"
            " DeleteServiceSpecificCredential DeactivateMFADevice EnableMFADevice",
            _user,
        ),
        **each("ListMFADevices", _user_or_everything),
        **each("GetAccessKeyLastUsed", _user_of_key),
        **each(
            "GetGroup DeleteGroup UpdateGroup AddUserToGroup RemoveUserFromGroup PutGroupPolicy"
            " GetGroupPolicy DeleteGroupPolicy ListGroupPolicies ListAttachedGroupPolicies",
            _group,
        ),
        **each("AttachGroupPolicy DetachGroupPolicy", _group, keys=_limits),
        **each(
            "GetPolicy DeletePolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion"
            " DeletePolicyVersion SetDefaultPolicyVersion ListEntitiesForPolicy ListPolicyTags"
            " TagPolicy UntagPolicy",
            _policy,
        ),
        **each(
            "GetOpenIDConnectProvider DeleteOpenIDConnectProvider TagOpenIDConnectProvider"
            " UntagOpenIDConnectProvider ListOpenIDConnectProviderTags"
            " AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider"
            " UpdateOpenIDConnectProviderThumbprint",
            _provider,
        ),
        **each("GetInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile", _profile),
        **each("CreateServiceLinkedRole", _service_linked_role, keys=_linked_service),
        # IAM has an action of its own for the tags of each kind of thing.
        "CreateRole": Rule(
            _new("role", "RoleName"), keys=_requested_boundary, tag_action="TagRole"
        ),
        "CreateUser": Rule(
            _new("user", "UserName"), keys=_requested_boundary, tag_action="TagUser"
        ),
        "CreatePolicy": Rule(_new("policy", "PolicyName"), tag_action="TagPolicy"),
        "CreateGroup": Rule(_new("group", "GroupName")),
        "CreateOpenIDConnectProvider": Rule(_new_provider, tag_action="TagOpenIDConnectProvider"),
        **each(
            "ListRoles ListUsers ListGroups ListPolicies ListOpenIDConnectProviders"
            " ListSAMLProviders ListInstanceProfiles ListAccountAliases ListServerCertificates"
            " ListVirtualMFADevices GetAccountSummary GetAccountAuthorizationDetails"
            " GetAccountPasswordPolicy UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy"
            " GenerateCredentialReport GetCredentialReport CreateAccountAlias DeleteAccountAlias",
            everything,
        ),
    },
)
