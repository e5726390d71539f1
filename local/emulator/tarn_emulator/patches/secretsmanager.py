"""Secrets Manager.

| what | kind | why |
|---|---|---|
| UpdateSecretVersionStage | extends | the value stayed that of the version before |
| DescribeSecret, ListSecrets | extends | versions without a stage were listed; AWS hides them |
| ListSecretVersionIds | extends | the same, and the ARN was the name |
| PutSecretValue | extends | a secret that is scheduled for deletion took a new value |
| CreateSecret | extends | the error for such a secret was another one than AWS's |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from tarn_emulator.patches.registry import extends

_BACKEND = "moto.secretsmanager.models:SecretsManagerBackend"


@extends(
    "secretsmanager",
    "UpdateSecretVersionStage",
    reason="moving AWSCURRENT left the value as it was",
    target=_BACKEND,
    attribute="update_secret_version_stage",
)
def update_secret_version_stage(
    upstream: Callable[..., Any], self: SecretsManagerBackend, **arguments: Any
) -> Any:
    """Move a stage; the version with AWSCURRENT is the one whose value is given."""
    answer = upstream(self, **arguments)
    secret = self.secrets[arguments["secret_id"]]
    current = [
        version_id
        for version_id, version in secret.versions.items()
        if "AWSCURRENT" in version["version_stages"]
    ]
    if current:
        secret.set_default_version_id(current[0])
    return answer


@extends(
    "secretsmanager",
    "DescribeSecret",
    reason="versions that have no stage any more were listed",
    target="moto.secretsmanager.models:FakeSecret",
    attribute="_form_version_ids_to_stages",
)
def form_version_ids_to_stages(
    upstream: Callable[..., dict[str, list[str]]], self: FakeSecret
) -> dict[str, list[str]]:
    """The versions that have a stage."""
    return {version_id: stages for version_id, stages in upstream(self).items() if stages}


@extends(
    "secretsmanager",
    "ListSecretVersionIds",
    reason="versions without a stage are only listed on demand, and the ARN was the name",
)
def list_secret_version_ids(upstream: Callable[..., str], self: SecretsManagerResponse) -> str:
    """The versions of a secret, those without a stage only when they are asked for."""
    answer = json.loads(upstream(self))
    answer["ARN"] = self.backend.secrets[self._get_param("SecretId")].arn
    if not self._get_param("IncludeDeprecated"):
        answer["Versions"] = [one for one in answer["Versions"] if one["VersionStages"]]
    return json.dumps(answer)


@extends(
    "secretsmanager",
    "PutSecretValue",
    reason="a secret that is scheduled for deletion took a new value",
)
def put_secret_value(upstream: Callable[..., str], self: SecretsManagerResponse) -> str:
    """Store a new version of a secret that is not on its way out."""
    secret = self.backend.secrets.get(self._get_param("SecretId"))
    if secret is not None and secret.is_deleted():
        raise InvalidRequestException(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return upstream(self)


@extends(
    "secretsmanager",
    "CreateSecret",
    reason="the error for a secret that is scheduled for deletion was another one than AWS's",
)
def create_secret(upstream: Callable[..., str], self: SecretsManagerResponse) -> str:
    """Create a secret; one that is on its way out still has the name."""
    secret = self.backend.secrets.get(self._get_param("Name"))
    if secret is not None and secret.is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled"
            " for deletion."
        )
    return upstream(self)
