"""EC2: networks. What a call makes is named `*` in its ARN, because it has no id yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import EVERYTHING, Check, Resource
from tarn_emulator.authorization.services.passing import pass_role
from tarn_emulator.authorization.table import Arns, Rule, Service, each
from tarn_emulator.settings import ACCOUNT_ID

#: How an id begins, and what the ARN calls the thing.
KINDS = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def checks(call: Call) -> list[Check]:
    """What a call of EC2 needs."""
    if call.operation.startswith("Describe") and call.operation not in SERVICE.rules:
        return [Check(f"ec2:{call.operation}", (Resource(EVERYTHING),), _region(call))]
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A part of a network with its tags."""
    existing = ec2_backends[ACCOUNT_ID][call.region].tags.get(arn.split("/")[-1]) or {}
    return Resource(arn, dict(existing))


def _region(call: Call) -> Mapping[str, Any]:
    return {"ec2:Region": call.region}


def _arn(call: Call, identifier: str) -> str:
    kind = KINDS.get(identifier.rpartition("-")[0], "*")
    return f"arn:aws:ec2:{call.region}:{ACCOUNT_ID}:{kind}/{identifier}"


def _named(*parameters: str) -> Arns:
    """The things whose ids are parameters: one, or a list of them."""

    def arns(call: Call) -> Iterable[str]:
        for name in parameters:
            given = call.get(name, ())
            for identifier in (given,) if isinstance(given, str) else given:
                yield _arn(call, identifier)

    return arns


def _new(kind: str, *parameters: str) -> Arns:
    """Something that is made, and the existing things it is put in or linked with."""

    def arns(call: Call) -> Iterable[str]:
        yield from _only_new(kind)(call)
        yield from _named(*parameters)(call)

    return arns


def _only_new(kind: str) -> Callable[[Call], Iterable[str]]:
    return lambda call: (f"arn:aws:ec2:{call.region}:{ACCOUNT_ID}:{kind}/*",)


def _creation(kind: str, *parameters: str, **more: Any) -> Rule:
    return Rule(_new(kind, *parameters), tagged=_only_new(kind), keys=_tagging, **more)


def _tagging(call: Call) -> Mapping[str, Any]:
    """What the tags are for; it counts for the CreateTags that goes with a creation."""
    return {"ec2:CreateAction": call.operation} if tags.requested(call.parameters) else {}


def _route_table_of_association(call: Call) -> Iterable[str]:
    backend = ec2_backends[ACCOUNT_ID][call.region]
    for table in list(backend.route_tables.values()):
        if call.get("AssociationId") in table.associations:
            return (_arn(call, table.id),)
    return ()


def _log_delivery(call: Call) -> Iterable[Check]:
    """Flow logs that go to S3 are a delivery of CloudWatch Logs."""
    if call.get("LogDestinationType") == "s3":
        yield Check("logs:CreateLogDelivery", (Resource(EVERYTHING),), implied=True)


SERVICE = Service(
    prefix="ec2",
    resource=resource,
    tag_action="CreateTags",
    keys=_region,
    rules={
        "CreateVpc": _creation("vpc"),
        "CreateSubnet": _creation("subnet", "VpcId"),
        "CreateRouteTable": _creation("route-table", "VpcId"),
        "CreateSecurityGroup": _creation("security-group", "VpcId"),
        "CreateInternetGateway": _creation("internet-gateway"),
        "CreateNatGateway": _creation("natgateway", "SubnetId", "AllocationId"),
        "AllocateAddress": _creation("elastic-ip"),
        "CreateNetworkInterface": _creation("network-interface", "SubnetId", "Groups"),
        "CreateVpcEndpoint": _creation(
            "vpc-endpoint", "VpcId", "RouteTableIds", "SubnetIds", "SecurityGroupIds"
        ),
        "CreateFlowLogs": _creation(
            "vpc-flow-log",
            "ResourceIds",
            also=(
                pass_role("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
                _log_delivery,
            ),
        ),
        **each("DeleteVpc ModifyVpcAttribute", _named("VpcId")),
        **each("DeleteSubnet ModifySubnetAttribute", _named("SubnetId")),
        **each("DeleteRouteTable CreateRoute ReplaceRoute DeleteRoute", _named("RouteTableId")),
        "AssociateRouteTable": Rule(_named("RouteTableId", "SubnetId", "GatewayId")),
        "DisassociateRouteTable": Rule(_route_table_of_association),
        "ReplaceRouteTableAssociation": Rule(_named("RouteTableId")),
        **each(
            "DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress"
            " RevokeSecurityGroupIngress RevokeSecurityGroupEgress ModifySecurityGroupRules"
            " UpdateSecurityGroupRuleDescriptionsIngress"
            " UpdateSecurityGroupRuleDescriptionsEgress",
            _named("GroupId"),
        ),
        **each("AttachInternetGateway DetachInternetGateway", _named("InternetGatewayId", "VpcId")),
        "DeleteInternetGateway": Rule(_named("InternetGatewayId")),
        "DeleteNatGateway": Rule(_named("NatGatewayId")),
        "ReleaseAddress": Rule(_named("AllocationId")),
        "DeleteNetworkInterface": Rule(_named("NetworkInterfaceId")),
        "ModifyVpcEndpoint": Rule(
            _named(
                "VpcEndpointId",
                "AddRouteTableIds",
                "RemoveRouteTableIds",
                "AddSubnetIds",
                "RemoveSubnetIds",
                "AddSecurityGroupIds",
                "RemoveSecurityGroupIds",
            )
        ),
        "DeleteVpcEndpoints": Rule(_named("VpcEndpointIds")),
        "DeleteFlowLogs": Rule(_named("FlowLogIds")),
        "GetManagedPrefixListEntries": Rule(_named("PrefixListId")),
        "ReplaceNetworkAclAssociation": Rule(_named("NetworkAclId")),
        **each(
            "CreateNetworkAclEntry ReplaceNetworkAclEntry DeleteNetworkAclEntry",
            _named("NetworkAclId"),
        ),
        **each("CreateTags DeleteTags", _named("Resources")),
    },
)
