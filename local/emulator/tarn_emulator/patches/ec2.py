"""EC2.

| what | kind | why |
|---|---|---|
| CreateVpcEndpoint | extends | one of no type could not be deleted; AWS makes it a Gateway |
| DeleteVpcEndpoints | extends | a deleted endpoint was shown for ever, so that the provider |
| | | waited ten minutes for it to go and then failed |
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
