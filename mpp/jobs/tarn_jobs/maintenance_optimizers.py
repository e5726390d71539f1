"""Lets the Data Catalog keep a table in order, where that is wanted instead of a job's own steps.

AWS Glue User Guide, "Optimizing Iceberg tables": compaction, retention of snapshots and deletion
of orphan files are three optimizers of a table, each with a role.
"""

from typing import Any

import boto3

from tarn_jobs.errors import JobError
from tarn_jobs.manifest import Maintenance

_LEAST_ORPHAN_DAYS = 3


def configurations(wanted: Maintenance, role: str) -> dict[str, dict[str, Any]]:
    """Return the configuration of each optimizer, by its type."""
    common = {"roleArn": role, "enabled": True}
    retention = {
        "snapshotRetentionPeriodInDays": wanted.snapshot_days,
        "numberOfSnapshotsToRetain": 1,
        "cleanExpiredFiles": True,  # or only the list of snapshots would get shorter
    }
    orphans = {
        "orphanFileRetentionPeriodInDays": max(wanted.orphan_days, _LEAST_ORPHAN_DAYS),
    }
    return {
        "compaction": common
        | {"compactionConfiguration": {"icebergConfiguration": {"strategy": "binpack"}}},
        "retention": common | {"retentionConfiguration": {"icebergConfiguration": retention}},
        "orphan_file_deletion": common
        | {"orphanFileDeletionConfiguration": {"icebergConfiguration": orphans}},
    }


class Optimizers:
    """The optimizers of an account's tables."""

    def __init__(self, wanted: Maintenance, role: str) -> None:
        if not role:
            raise JobError(
                "maintenance.by is optimizer, but the job has no --optimizer_role: "
                "the deployment has to give it one"
            )
        self._wanted = configurations(wanted, role)
        self._glue = boto3.client("glue")
        self._catalog = boto3.client("sts").get_caller_identity()["Account"]

    def ensure(self, database: str, table: str, *, shared: bool = False) -> int:
        """Give a table its optimizers; return how many were made or changed.

        Those of a table that pipelines share stay as the first one made them.
        """
        changed = 0
        for kind, configuration in self._wanted.items():
            place = {
                "CatalogId": self._catalog,
                "DatabaseName": database,
                "TableName": table,
                "Type": kind,
            }
            present = self._present(place)
            wanted = {"TableOptimizerConfiguration": configuration}
            if present is None:
                try:
                    self._glue.create_table_optimizer(**place, **wanted)
                except self._glue.exceptions.AlreadyExistsException:
                    continue  # Another pipeline was quicker.
            elif shared or _has(present, configuration):
                continue
            else:
                self._glue.update_table_optimizer(**place, **wanted)
            changed += 1
        return changed

    def _present(self, place: dict[str, str]) -> dict[str, Any] | None:
        try:
            found = self._glue.get_table_optimizer(**place)
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return found["TableOptimizer"].get("configuration") or {}


def _has(present: Any, wanted: Any) -> bool:
    """Return whether all that is wanted is there; AWS answers with more than it was given."""
    if not isinstance(wanted, dict):
        return present == wanted
    return isinstance(present, dict) and all(
        _has(present.get(name), value) for name, value in wanted.items()
    )
