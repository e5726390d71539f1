"""The tokens of OpenID Connect providers, as AssumeRoleWithWebIdentity takes them.

The signature of a token is NOT verified: the provider's keys are on the internet, and a test makes
its own tokens. All the rest is as on AWS: the provider must be known to IAM, the audience must be
one of its client ids, and the token must not have expired.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID


class InvalidRequestError(Exception):
    """STS would not even ask a policy about this request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Token:
    """A token that a provider of this account gave out."""

    provider_arn: str
    #: The provider's address without https://, which is what its condition keys begin with.
    host: str
    claims: Mapping[str, Any]

    @property
    def audience(self) -> str:
        """Who the token is for."""
        return self.claims.get("azp") or _first(self.claims.get("aud"))

    @property
    def caller(self) -> Caller:
        """Who a trust policy names when it names the provider."""
        return Caller(
            provider=self.provider_arn,
            user_id=f"{self.host}:{self.audience}:{self.claims.get('sub')}",
            kind="WebIdentityUser",
        )

    def keys(self) -> dict[str, Any]:
        """The condition keys a trust policy can ask the claims by."""
        found = {
            f"{self.host}:{name}": _text(value)
            for name, value in self.claims.items()
            if isinstance(value, str | int | bool | list)
        }
        return {**found, f"{self.host}:aud": self.audience, "aws:FederatedProvider": self.host}


def read(text: str) -> Token:
    """The token, or the error STS answers."""
    try:
        payload = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issuer = claims["iss"]
        expires = float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        raise InvalidRequestError(
            "InvalidIdentityToken", "The ID Token provided is not a valid JWT."
        ) from None
    host = issuer.removeprefix("https://")
    arn = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{host.rstrip('/')}"
    provider = iam_backends[ACCOUNT_ID]["aws"].open_id_providers.get(arn)
    if provider is None:
        raise InvalidRequestError(
            "InvalidIdentityToken",
            f"No OpenIDConnect provider found in your account for {issuer}",
        )
    if expires <= time.time():
        raise InvalidRequestError(
            "ExpiredTokenException", f"Token expired: its exp claim is {int(expires)}"
        )
    token = Token(arn, host, claims)
    if token.audience not in provider.client_id_list:
        raise InvalidRequestError("InvalidIdentityToken", "Incorrect token audience")
    return token


def _first(audience: Any) -> str:
    return str(audience[0] if isinstance(audience, list) and audience else audience or "")


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
