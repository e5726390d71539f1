"""What moto lacks, one file per service; `registry` tells how a patch is declared."""

from __future__ import annotations

import importlib

from tarn_emulator.patches import registry

#: Imported in this order; the order matters only where a file says so.
PATCH_FILES = (
    "core",
    "lakeformation_grants",
    "lakeformation_defaults",
    "lakeformation_tags",
    "lakeformation_resources",
    "glue_jobs",
    "glue_crawlers",
    "glue_triggers",
    "glue_connections",
    "glue_tables",
    "glue_quality",
    "glue_classifiers",
    "athena",
    "audit",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "iam",
    "kms",
    "logs",
    "s3_configurations",
    "s3_lifecycle",
    "s3_notification",
    "s3_replication",
    "s3_versions",
    "secretsmanager",
    "sqs",
    "sts",
    # Last of S3: what a bucket policy denies must not reach the others.
    "s3_access",
)

_installed = False


def load() -> tuple[registry.Patch, ...]:
    """Import every patch file and return what they declare; changes nothing in moto."""
    for name in PATCH_FILES:
        importlib.import_module(f"{__name__}.{name}")
    return _ours()


def install() -> None:
    """Put every patch into moto. A second call does nothing."""
    global _installed
    if _installed:
        return
    for patch in load():
        patch.install()
    _installed = True


def installed() -> tuple[registry.Patch, ...]:
    """The patches in force."""
    return _ours() if _installed else ()


def _ours() -> tuple[registry.Patch, ...]:
    """Not those of the execution package, which installs its own."""
    return tuple(
        patch
        for patch in registry.declared()
        if patch.function.__module__.startswith(f"{__name__}.")
    )
