"""Runs prowler's checks of some services and writes what they say as JSON.

prowler's own command line imports the SDKs of every cloud it knows, 2 GB of them. The checks of AWS
need boto3 and a dozen small packages, so they are called here the way prowler calls them.

    python prowler_checks.py REGION,... SERVICE...
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import socket
import sys
from typing import Any

from prowler.lib.check.utils import recover_checks_from_service
from prowler.lib.logger import logger
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.common.models import Audit_Metadata
from prowler.providers.common.provider import Provider

#: What no check of Tarn needs: it has no Nitro enclaves, and these read CloudTrail for them.
LEFT_OUT = "kms_key_enclave_"


#: S3 Control puts the account before the name of the host, and an address has no names below it.
BELOW_ADDRESS = re.compile(r"[0-9]{12}\.(127\.0\.0\.1)")

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Looks up the emulator's address where it is written as a name."""
    below = BELOW_ADDRESS.fullmatch(host) if isinstance(host, str) else None
    return _getaddrinfo(below[1] if below else host, *args, **kwargs)


class Errors(logging.Handler):
    """Keeps what prowler only logs: a call that failed leaves checks with nothing to judge."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.filename}:{record.lineno}: {record.getMessage()}")


def main(regions: set[str], services: list[str]) -> dict[str, Any]:
    errors = Errors()
    logger.addHandler(errors)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    socket.getaddrinfo = getaddrinfo

    provider = AwsProvider(regions=regions, scan_unused_services=True)
    names = [
        name
        for name in sorted(recover_checks_from_service(services, "aws"))
        if not name.startswith(LEFT_OUT)
    ]
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=names, completed_checks=0, audit_progress=0
    )
    Provider.set_global_provider(provider)
    # Whether the account belongs to an organization is nothing that is judged here.
    errors.messages.clear()

    results = []
    for name in names:
        service = name.split("_")[0]
        module = importlib.import_module(f"prowler.providers.aws.services.{service}.{name}.{name}")
        check = getattr(module, name)()
        for report in check.execute():
            results.append(
                {
                    "id": name,
                    "status": report.status,
                    "resource": report.resource_arn,
                    "demand": check.CheckTitle,
                    "detail": report.status_extended,
                }
            )
    return {"checks": names, "results": results, "errors": errors.messages}


if __name__ == "__main__":
    json.dump(main(set(sys.argv[1].split(",")), sys.argv[2:]), sys.stdout)
