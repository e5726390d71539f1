"""STS.

| what | kind | why |
|---|---|---|
| AssumeRole | extends | session policies given by ARN and session tags were lost |
| AssumeRoleWithWebIdentity | extends | the same; and the answer did not say whose token it was |
"""

from __future__ import annotations

from collections.abc import Callable

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from tarn_emulator.patches.registry import extends
from tarn_emulator.patches.store import store


@extends("sts", "AssumeRole", reason="policies given by ARN and tags of the session were lost")
def assume_role(upstream: Callable[..., ActionResult], self: TokenResponse) -> ActionResult:
    """Assume a role and keep what limits the session."""
    answer = upstream(self)
    _keep(self, answer)
    return answer


@extends(
    "sts",
    "AssumeRoleWithWebIdentity",
    reason="the answer did not say whose token it was, and the role id was made up",
)
def assume_role_with_web_identity(
    upstream: Callable[..., ActionResult], self: TokenResponse
) -> ActionResult:
    """Assume a role with a token, and say what stood in the token if it can be read."""
    from tarn_emulator.authorization import webidentity

    answer = upstream(self)
    _keep(self, answer)
    result = answer.result
    result["AssumedRoleUser"]["AssumedRoleId"] = result["Credentials"].user_id
    try:
        token = webidentity.read(self._get_param("WebIdentityToken"))
    except webidentity.InvalidRequestError:
        # Only where IAM is enforced does a token have to be one.
        return answer
    result["SubjectFromWebIdentityToken"] = token.claims.get("sub")
    result["Audience"] = token.audience
    result["Provider"] = token.provider_arn
    return answer


def _keep(self: TokenResponse, answer: ActionResult) -> None:
    session = answer.result["Credentials"]
    tags = self._get_param("Tags", [])
    store(session, "request").update(
        policy_arns=[policy["arn"] for policy in self._get_param("PolicyArns", [])],
        tags={tag["Key"]: tag["Value"] for tag in tags},
    )
