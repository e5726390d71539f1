"""EC2.

| what | kind | why |
|---|---|---|
| CreateVpcEndpoint | extends | one of no type could not be deleted; AWS makes it a Gateway |
| DeleteVpcEndpoints | extends | a deleted endpoint was shown for ever, so that the provider |
| | | waited ten minutes for it to go and then failed |
| DescribeSecurityGroupRules | extends | a rule about a group or a prefix list had no description, |
| | | which the next deployment then gave it once more |
| AuthorizeSecurityGroupIngress, -Egress | extends | they lost the description of a prefix list |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tarn_emulator.patches.registry import extends


@extends(
    "ec2",
    "CreateVpcEndpoint",
    reason="without a type, which means Gateway, the endpoint could not be deleted",
    target="moto.ec2.models:EC2Backend",
    attribute="create_vpc_endpoint",
)
def create_vpc_endpoint(upstream: Callable[..., Any], self: Any, **arguments: Any) -> Any:
    """Create an endpoint of the type given, or a Gateway."""
    return upstream(self, **{**arguments, "endpoint_type": arguments["endpoint_type"] or "Gateway"})


@extends(
    "ec2",
    "DeleteVpcEndpoints",
    reason="a deleted endpoint stayed in the list, in a state the provider waits out",
    target="moto.ec2.models:EC2Backend",
    attribute="delete_vpc_endpoints",
)
def delete_vpc_endpoints(
    upstream: Callable[..., None], self: Any, vpce_ids: list[str] | None = None
) -> None:
    """Delete endpoints, and forget them."""
    upstream(self, vpce_ids)
    for endpoint_id in vpce_ids or []:
        self.vpc_end_points.pop(endpoint_id, None)


@extends(
    "ec2",
    "DescribeSecurityGroupRules",
    reason="a rule about a group or a prefix list had no description",
    target="moto.ec2.models:EC2Backend",
    attribute="describe_security_group_rules",
)
def describe_security_group_rules(
    upstream: Callable[..., list[Any]], self: Any, *given: Any
) -> list[Any]:
    """Describe rules, each with its description. They are copies."""
    rules = upstream(self, *given)
    for rule in rules:
        kept = rule.source_group.get("Description") or getattr(rule, PREFIX_LIST_DESCRIPTION, None)
        if kept and not rule.description:
            rule.ip_range = {**rule.ip_range, "Description": kept}
    return rules


#: Where a rule keeps what upstream forgets.
PREFIX_LIST_DESCRIPTION = "tarn_prefix_list_description"


@extends(
    "ec2",
    "AuthorizeSecurityGroupIngress",
    reason="the description of a prefix list was lost",
    target="moto.ec2.models:EC2Backend",
    attribute="authorize_security_group_ingress",
)
@extends(
    "ec2",
    "AuthorizeSecurityGroupEgress",
    reason="the description of a prefix list was lost",
    target="moto.ec2.models:EC2Backend",
    attribute="authorize_security_group_egress",
)
def authorize(upstream: Callable[..., Any], self: Any, *given: Any, **named: Any) -> Any:
    """Add rules, and keep what they say about prefix lists."""
    added, group = upstream(self, *given, **named)
    descriptions = {
        entry["PrefixListId"]: entry.get("Description")
        for entry in named.get("prefix_list_ids") or []
    }
    for rule in added:
        if rule.prefix_list_id in descriptions:
            setattr(rule, PREFIX_LIST_DESCRIPTION, descriptions[rule.prefix_list_id])
    return added, group
