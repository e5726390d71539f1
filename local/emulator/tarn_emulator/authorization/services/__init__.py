"""The tables: what each call of a service needs, after AWS's Service Authorization Reference."""

from __future__ import annotations

import importlib
from types import ModuleType

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check
from tarn_emulator.authorization.table import UnknownCallError

#: botocore's name of a service -> the file here that has its table.
FILES = {
    "athena": "athena",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "events": "events",
    "glue": "glue",
    "iam": "iam",
    "kms": "kms",
    "lakeformation": "lakeformation",
    "logs": "logs",
    "s3": "s3",
    "s3control": "s3control",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
}


def table_of(service: str) -> ModuleType | None:
    """The module with a service's table, or None."""
    file = FILES.get(service)
    return importlib.import_module(f"{__name__}.{file}") if file else None


def file_to_extend(service: str) -> str:
    """Where somebody adds a call that no table knows."""
    return f"local/emulator/tarn_emulator/authorization/services/{FILES.get(service, service)}.py"


def checks_of(call: Call) -> list[Check]:
    """What a call needs; raises UnknownCallError."""
    table = table_of(call.service)
    if table is None:
        raise UnknownCallError(call.service)
    return table.checks(call)
