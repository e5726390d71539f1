"""Secrets Manager: the versions of a secret, its key, and its end."""

from __future__ import annotations

import pytest
from emulator_process import Endpoint


def test_the_life_of_a_secret(emulator: Endpoint, name: str) -> None:
    secrets = emulator.client("secretsmanager")
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name=name, SecretString="1", KmsKeyId=key)
    for value in ("2", "3"):
        secrets.put_secret_value(SecretId=name, SecretString=value)
    previous = secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "2"
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "3"
    assert secrets.describe_secret(SecretId=name)["KmsKeyId"] == key
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    with pytest.raises(secrets.exceptions.InvalidRequestException):
        secrets.get_secret_value(SecretId=name)
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "3"
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId=name)
    secrets.create_secret(Name=name, SecretString="again")
