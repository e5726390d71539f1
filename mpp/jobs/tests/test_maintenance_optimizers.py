"""The Data Catalog's optimizers are made once, and changed when they should be others."""

import sys
from pathlib import Path

import boto3
import pytest
from tarn_jobs.maintenance_optimizers import Optimizers
from tarn_jobs.manifest import Maintenance

sys.path.append(str(Path(__file__).resolve().parents[3] / "local" / "emulator" / "tests"))

from emulator_process import read_json, start_emulator, stop, wait_for

ROLE = "arn:aws:iam::123456789012:role/optimizer"


@pytest.fixture(scope="module")
def glue(tmp_path_factory):
    """Glue of an emulator that the job's own clients reach, too."""
    state = tmp_path_factory.mktemp("emulator")
    process = start_emulator(state)
    patch = pytest.MonkeyPatch()
    try:
        found = wait_for(lambda: read_json(state / "emulator.json"), "the emulator's start")
        for name, value in {
            "AWS_ENDPOINT_URL": found["endpoint"],
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "tarn",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        client = boto3.client("glue")
        client.create_database(DatabaseInput={"Name": "lake"})
        yield client
    finally:
        patch.undo()
        stop(process)


@pytest.fixture
def table(glue, request):
    name = request.node.name[:50].lower()
    glue.create_table(
        DatabaseName="lake",
        TableInput={
            "Name": name,
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "int"}],
                "Location": f"s3://lake/{name}",
            },
            "Parameters": {"table_type": "ICEBERG", "metadata_location": f"s3://lake/{name}/m"},
        },
    )
    return name


def configuration(glue, table, kind):
    found = glue.get_table_optimizer(
        CatalogId="123456789012", DatabaseName="lake", TableName=table, Type=kind
    )
    return found["TableOptimizer"]["configuration"]


def test_optimizers_are_made_once_and_changed(glue, table):
    wanted = Maintenance(by="optimizer", snapshot_days=9, orphan_days=1)
    assert Optimizers(wanted, ROLE).ensure("lake", table) == 3
    assert Optimizers(wanted, ROLE).ensure("lake", table) == 0
    for kind in ("compaction", "retention", "orphan_file_deletion"):
        assert configuration(glue, table, kind)["roleArn"] == ROLE
        assert configuration(glue, table, kind)["enabled"] is True
    retention = configuration(glue, table, "retention")["retentionConfiguration"]
    assert retention["icebergConfiguration"]["snapshotRetentionPeriodInDays"] == 9
    orphans = configuration(glue, table, "orphan_file_deletion")
    days = orphans["orphanFileDeletionConfiguration"]["icebergConfiguration"]
    assert days["orphanFileRetentionPeriodInDays"] == 3  # however short the setting is

    later = Maintenance(by="optimizer", snapshot_days=5, orphan_days=1)
    assert Optimizers(later, ROLE).ensure("lake", table) == 1
    retention = configuration(glue, table, "retention")["retentionConfiguration"]
    assert retention["icebergConfiguration"]["snapshotRetentionPeriodInDays"] == 5
    assert Optimizers(later, ROLE + "2").ensure("lake", table) == 3


def test_those_of_a_shared_table_stay(glue, table):
    assert Optimizers(Maintenance(snapshot_days=9), ROLE).ensure("lake", table, shared=True) == 3
    assert Optimizers(Maintenance(snapshot_days=5), ROLE).ensure("lake", table, shared=True) == 0
    retention = configuration(glue, table, "retention")["retentionConfiguration"]
    assert retention["icebergConfiguration"]["snapshotRetentionPeriodInDays"] == 9


def test_a_table_that_is_not_there_is_an_error(glue):
    with pytest.raises(Exception, match="EntityNotFound"):
        Optimizers(Maintenance(), ROLE).ensure("lake", "nothing")
