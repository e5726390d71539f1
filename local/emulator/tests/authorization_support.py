"""What the tests of enforced IAM share: an account with its root, users, roles and policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint

ACCOUNT = "123456789012"
ROOT_KEY = "AKIATARNLOCALEXAMPLE"

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: dict[str, Any], action: str = "sts:AssumeRole", **more: Any) -> str:
    """The trust policy of a role."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **more})


@dataclass
class User:
    """An IAM user with an access key, seen from outside."""

    account: Account
    name: str
    key: str

    @property
    def arn(self) -> str:
        """The ARN of the user."""
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A client with the user's key."""
        return self.account.client(service, region=region, key=self.key)

    def may(self, *statements: dict[str, Any]) -> None:
        """Replace what the user may do."""
        self.account.iam.put_user_policy(
            UserName=self.name, PolicyName="may", PolicyDocument=policy(*statements)
        )


class Account:
    """The account of an emulator that enforces IAM."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.state_dir = endpoint.state_dir

    def client(
        self,
        service: str,
        *,
        region: str = "us-east-1",
        key: str = ROOT_KEY,
        token: str | None = None,
    ) -> Any:
        """A client with a key; the root's when none is named."""
        return self._endpoint.client(
            service, aws_access_key_id=key, aws_session_token=token, region_name=region
        )

    @property
    def iam(self) -> Any:
        """IAM, as the root."""
        return self.client("iam")

    def user(self, name: str, *statements: dict[str, Any], path: str = "/") -> User:
        """A new user who may do what the statements say."""
        self.iam.create_user(UserName=name, Path=path)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        made = User(self, name, key)
        if statements:
            made.may(*statements)
        return made

    def role(self, name: str, trusted: str, *statements: dict[str, Any], **more: Any) -> str:
        """A new role; returns its ARN."""
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **more)
        if statements:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="may", PolicyDocument=policy(*statements)
            )
        return made["Role"]["Arn"]

    def managed(self, name: str, *statements: dict[str, Any]) -> str:
        """A new managed policy; returns its ARN."""
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=policy(*statements))
        return made["Policy"]["Arn"]

    def session(self, credentials: dict[str, Any], service: str) -> Any:
        """A client with the credentials that STS answered."""
        return self.client(
            service, key=credentials["AccessKeyId"], token=credentials["SessionToken"]
        )


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code a call ends with, or an empty text."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def allowed(call: Callable[..., Any], **arguments: Any) -> bool:
    """True when IAM lets a call through, whatever the service then says about it."""
    return code_of(call, **arguments) not in DENIED


@contextmanager
def refused(*parts: str) -> Iterator[None]:
    """A block whose last call is refused with a message that has all of the parts."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    assert error["Error"]["Code"] in DENIED, error
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    for part in parts:
        assert part in error["Error"]["Message"], error
