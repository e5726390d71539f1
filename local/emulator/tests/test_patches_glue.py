"""Glue over HTTP: what a deployment creates, changes, reads back without a difference, deletes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint

ROLE = "arn:aws:iam::123456789012:role/some"
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://b/k.py", "PythonVersion": "3"}


@pytest.fixture
def glue(emulator: Endpoint) -> Any:
    return emulator.client("glue")


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_job_update_replaces_the_definition(glue: Any, name: str) -> None:
    glue.create_job(
        Name=name,
        Role=ROLE,
        Command=COMMAND,
        Description="first",
        Timeout=10,
        ExecutionClass="FLEX",
        JobRunQueuingEnabled=True,
        MaintenanceWindow="Sun:10",
        Tags={"a": "b"},
    )
    shown = glue.get_job(JobName=name)["Job"]
    assert shown["ExecutionClass"] == "FLEX"
    assert shown["JobRunQueuingEnabled"] is True
    update = {
        "Role": ROLE,
        "Command": COMMAND,
        "DefaultArguments": {"--x": "1"},
        "GlueVersion": "5.0",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 3,
        "JobMode": "SCRIPT",
        "MaintenanceWindow": "Mon:1",
    }
    assert glue.update_job(JobName=name, JobUpdate=update)["JobName"] == name
    changed = glue.get_job(JobName=name)["Job"]
    assert {key: changed[key] for key in update} == update
    for gone in ("Description", "Timeout", "ExecutionClass", "JobRunQueuingEnabled"):
        assert gone not in changed
    assert changed["CreatedOn"] == shown["CreatedOn"]
    arn = f"arn:aws:glue:us-east-1:123456789012:job/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}


def test_job_names_are_taken_once(glue: Any, name: str) -> None:
    job = {"Name": name, "Role": ROLE, "Command": COMMAND}
    glue.create_job(**job)
    assert error_code(glue.create_job, **job) == "AlreadyExistsException"
    glue.delete_job(JobName=name)
    code = error_code(glue.update_job, JobName=name, JobUpdate={"Role": ROLE})
    assert code == "EntityNotFoundException"


def test_crawler_update_changes_what_is_given(glue: Any, name: str) -> None:
    glue.create_crawler(
        Name=name,
        Role=ROLE,
        DatabaseName="d",
        Targets={"S3Targets": [{"Path": "s3://b/"}]},
        TablePrefix="p_",
        Schedule="cron(0 1 * * ? *)",
    )
    glue.update_crawler(
        Name=name,
        Description="changed",
        Schedule="cron(0 2 * * ? *)",
        LakeFormationConfiguration={"UseLakeFormationCredentials": True, "AccountId": "1"},
    )
    shown = glue.get_crawler(Name=name)["Crawler"]
    assert (shown["Description"], shown["TablePrefix"]) == ("changed", "p_")
    assert shown["Schedule"]["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert shown["LakeFormationConfiguration"]["AccountId"] == "1"
    assert shown["Version"] == 2
    recrawl = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    assert error_code(glue.update_crawler, Name=name, RecrawlPolicy=recrawl) == (
        "InvalidInputException"
    )
    log = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    glue.update_crawler(Name=name, RecrawlPolicy=recrawl, SchemaChangePolicy=log)
    glue.delete_crawler(Name=name)
    assert error_code(glue.update_crawler, Name=name) == "EntityNotFoundException"


def test_trigger_update_keeps_type_and_state(glue: Any, name: str) -> None:
    glue.create_trigger(
        Name=name,
        Type="SCHEDULED",
        Schedule="cron(0 1 * * ? *)",
        Actions=[{"JobName": "a"}],
        Description="first",
        StartOnCreation=True,
    )
    update = {"Schedule": "cron(0 2 * * ? *)", "Actions": [{"JobName": "b", "Timeout": 5}]}
    answer = glue.update_trigger(Name=name, TriggerUpdate=update)["Trigger"]
    shown = glue.get_trigger(Name=name)["Trigger"]
    assert answer == shown
    assert (shown["State"], shown["Type"]) == ("ACTIVATED", "SCHEDULED")
    assert {key: shown[key] for key in update} == update
    assert not shown.get("Description")


def test_conditional_trigger_update(glue: Any, name: str) -> None:
    def predicate(job: str) -> dict[str, Any]:
        condition = {"LogicalOperator": "EQUALS", "JobName": job, "State": "SUCCEEDED"}
        return {"Logical": "AND", "Conditions": [condition]}

    glue.create_trigger(
        Name=name, Type="CONDITIONAL", Predicate=predicate("a"), Actions=[{"JobName": "b"}]
    )
    update = {"Predicate": predicate("c"), "Actions": [{"CrawlerName": "d"}]}
    glue.update_trigger(Name=name, TriggerUpdate=update)
    shown = glue.get_trigger(Name=name)["Trigger"]
    assert {key: shown[key] for key in update} == update
    code = error_code(glue.update_trigger, Name=name, TriggerUpdate={"Actions": []})
    assert code == "InvalidInputException"


@pytest.mark.parametrize("kind", ["ON_DEMAND", "EVENT"])
def test_a_trigger_that_waits_to_be_fired_stays_created(glue: Any, name: str, kind: str) -> None:
    glue.create_workflow(Name=name)
    glue.create_trigger(Name=name, WorkflowName=name, Type=kind, Actions=[], StartOnCreation=True)
    assert glue.get_trigger(Name=name)["Trigger"]["State"] == "CREATED"


def test_connection(glue: Any, name: str) -> None:
    place = {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"], "AvailabilityZone": "a"}
    given = {
        "Name": name,
        "ConnectionType": "NETWORK",
        "ConnectionProperties": {},
        "PhysicalConnectionRequirements": place,
    }
    glue.create_connection(ConnectionInput=given)
    assert glue.get_connection(Name=name)["Connection"]["ConnectionType"] == "NETWORK"
    changed = {
        "Name": name,
        "ConnectionType": "JDBC",
        "Description": "changed",
        "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:x"},
        "MatchCriteria": ["m"],
    }
    glue.update_connection(Name=name, ConnectionInput=changed)
    shown = glue.get_connection(Name=name)["Connection"]
    assert {key: shown[key] for key in changed} == changed
    assert "PhysicalConnectionRequirements" not in shown
    glue.delete_connection(ConnectionName=name)
    assert error_code(glue.get_connection, Name=name) == "EntityNotFoundException"
    assert error_code(glue.delete_connection, ConnectionName=name) == "EntityNotFoundException"


def test_encryption_settings_of_the_catalog_are_reset(glue: Any) -> None:
    def shown() -> dict[str, Any]:
        return glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]

    off = {
        "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
    }
    assert shown() == off
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    on = {
        "EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": key},
        "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": True,
            "AwsKmsKeyId": key,
        },
    }
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=on)
    assert shown() == on
    # The provider deletes them by writing none.
    glue.put_data_catalog_encryption_settings(
        CatalogId="123456789012", DataCatalogEncryptionSettings={}
    )
    assert shown() == off


def make_table(glue: Any, name: str, **more: Any) -> dict[str, str]:
    glue.create_database(DatabaseInput={"Name": name})
    keys = [{"Name": "day", "Type": "date"}, {"Name": "hour", "Type": "int"}]
    glue.create_table(DatabaseName=name, TableInput={"Name": "t", "PartitionKeys": keys}, **more)
    return {"DatabaseName": name, "TableName": "t"}


def test_table_versions_guard_against_lost_updates(glue: Any, name: str) -> None:
    make_table(glue, name)

    def update(text: str, **more: Any) -> None:
        glue.update_table(DatabaseName=name, TableInput={"Name": "t", "Description": text}, **more)

    first = glue.get_table(DatabaseName=name, Name="t")["Table"]["VersionId"]
    update("a", VersionId=first)
    update("b")
    code = error_code(update, text="c", VersionId=first)
    assert code == "ConcurrentModificationException"
    shown = glue.get_table(DatabaseName=name, Name="t")["Table"]
    assert (shown["Description"], int(shown["VersionId"])) == ("b", int(first) + 2)
    versions = glue.get_table_versions(DatabaseName=name, TableName="t")["TableVersions"]
    assert len(versions) == 3
    update("d", VersionId=shown["VersionId"], SkipArchive=True)
    versions = glue.get_table_versions(DatabaseName=name, TableName="t")["TableVersions"]
    assert len(versions) == 3
    assert shown["VersionId"] not in {version["VersionId"] for version in versions}


def test_of_many_writers_of_one_version_one_wins(emulator: Endpoint, glue: Any, name: str) -> None:
    make_table(glue, name)
    version = glue.get_table(DatabaseName=name, Name="t")["Table"]["VersionId"]
    outcomes: list[str] = []

    def write() -> None:
        try:
            glue.update_table(
                DatabaseName=name, TableInput={"Name": "t"}, VersionId=version, SkipArchive=True
            )
            outcomes.append("won")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(outcomes) == ["ConcurrentModificationException"] * 7 + ["won"]


def test_partition_indexes(glue: Any, name: str) -> None:
    table = make_table(glue, name, PartitionIndexes=[{"IndexName": "one", "Keys": ["day"]}])
    index = {"IndexName": "two", "Keys": ["day", "hour"]}
    glue.create_partition_index(**table, PartitionIndex=index)
    shown = glue.get_partition_indexes(**table)["PartitionIndexDescriptorList"]
    assert [one["IndexName"] for one in shown] == ["one", "two"]
    assert shown[1]["Keys"] == [{"Name": "day", "Type": "date"}, {"Name": "hour", "Type": "int"}]
    code = error_code(glue.create_partition_index, **table, PartitionIndex=index)
    assert code == "AlreadyExistsException"
    glue.delete_partition_index(**table, IndexName="one")
    code = error_code(glue.delete_partition_index, **table, IndexName="one")
    assert code == "EntityNotFoundException"


ICEBERG = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}


def test_iceberg_table_is_made_with_metadata(emulator: Endpoint, glue: Any, name: str) -> None:
    columns = [
        {"Name": "a", "Type": "bigint", "Comment": "first"},
        {"Name": "b", "Type": "decimal(9,2)"},
    ]
    storage = {"Columns": columns, "Location": f"s3://{name}/sales/t/"}
    table = {"Name": "t", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    create = {"DatabaseName": name, "TableInput": table, "OpenTableFormatInput": ICEBERG}
    emulator.client("s3").create_bucket(Bucket=name)
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(**create)
    shown = glue.get_table(DatabaseName=name, Name="t")["Table"]
    assert shown["Parameters"]["table_type"] == "ICEBERG"
    where = shown["Parameters"]["metadata_location"]
    key = where.removeprefix(f"s3://{name}/")
    assert key.startswith("sales/t/metadata/00000-") and key.endswith(".metadata.json")
    body = emulator.client("s3").get_object(Bucket=name, Key=key)["Body"].read()
    metadata = json.loads(body)
    assert (metadata["format-version"], metadata["location"]) == (2, f"s3://{name}/sales/t")
    fields = metadata["schemas"][0]["fields"]
    assert [(f["name"], f["type"], f.get("doc")) for f in fields] == [
        ("a", "long", "first"),
        ("b", "decimal(9, 2)", None),
    ]
    # A second table of the name must not leave a file behind.
    assert error_code(glue.create_table, **create) == "AlreadyExistsException"
    found = emulator.client("s3").list_objects_v2(Bucket=name)["Contents"]
    assert [one["Key"] for one in found] == [key]


@pytest.mark.parametrize(
    "change",
    [
        {"PartitionKeys": [{"Name": "p", "Type": "string"}]},
        {"StorageDescriptor": {"Columns": [], "Location": "s3://b/t"}},
        {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}},
        {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/"}},
        {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "char"}], "Location": "s3://b/t"}},
    ],
)
def test_iceberg_tables_that_cannot_be(glue: Any, name: str, change: dict[str, Any]) -> None:
    glue.create_database(DatabaseInput={"Name": name})
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t"}
    table = {"Name": "t", "StorageDescriptor": storage, **change}
    arguments = {"DatabaseName": name, "TableInput": table, "OpenTableFormatInput": ICEBERG}
    assert error_code(glue.create_table, **arguments) == "InvalidInputException"


def test_table_optimizer(glue: Any, name: str) -> None:
    optimizer = {**make_table(glue, name), "CatalogId": "123456789012", "Type": "compaction"}
    given = {"roleArn": ROLE, "enabled": True}
    assert error_code(glue.get_table_optimizer, **optimizer) == "EntityNotFoundException"
    glue.create_table_optimizer(**optimizer, TableOptimizerConfiguration=given)
    shown = glue.get_table_optimizer(**optimizer)["TableOptimizer"]
    assert (shown["type"], shown["configuration"]) == ("compaction", given)
    retention = {"icebergConfiguration": {"snapshotRetentionPeriodInDays": 5}}
    changed = {"roleArn": ROLE, "enabled": False, "retentionConfiguration": retention}
    glue.update_table_optimizer(**optimizer, TableOptimizerConfiguration=changed)
    assert glue.get_table_optimizer(**optimizer)["TableOptimizer"]["configuration"] == changed
    glue.delete_table_optimizer(**optimizer)
    assert error_code(glue.delete_table_optimizer, **optimizer) == "EntityNotFoundException"


def test_data_quality_ruleset(glue: Any, name: str) -> None:
    rules = 'Rules = [\n  IsComplete "a, b]",\n  ColumnValues "c" in ["x", "y"],\n  RowCount > 0\n]'
    target = {"DatabaseName": "d", "TableName": "t"}
    glue.create_data_quality_ruleset(
        Name=name, Description="first", Ruleset=rules, TargetTable=target, Tags={"a": "b"}
    )
    shown = glue.get_data_quality_ruleset(Name=name)
    assert (shown["Ruleset"], shown["TargetTable"]) == (rules, target)
    arn = f"arn:aws:glue:us-east-1:123456789012:dataQualityRuleset/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    found = glue.list_data_quality_rulesets(Filter={"Name": name})["Rulesets"]
    assert [one["RuleCount"] for one in found] == [3]
    changed = 'Rules = [ IsComplete "a" ]'
    answer = glue.update_data_quality_ruleset(Name=name, Ruleset=changed)
    assert (answer["Ruleset"], answer["Description"]) == (changed, "first")
    code = error_code(glue.update_data_quality_ruleset, Name=name, Ruleset="Rules = []")
    assert code == "InvalidInputException"
    glue.delete_data_quality_ruleset(Name=name)
    assert error_code(glue.get_data_quality_ruleset, Name=name) == "EntityNotFoundException"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}


@pytest.mark.parametrize(
    ("kind", "given", "change"),
    [
        ("CsvClassifier", {"Delimiter": ";", "Header": ["a"]}, {"Delimiter": ","}),
        ("GrokClassifier", {"Classification": "c", "GrokPattern": "%{A}"}, {"GrokPattern": "x"}),
        ("JsonClassifier", {"JsonPath": "$.a"}, {"JsonPath": "$.b"}),
        ("XMLClassifier", {"Classification": "c", "RowTag": "r"}, {"RowTag": "s"}),
    ],
)
def test_classifier(
    glue: Any, name: str, kind: str, given: dict[str, Any], change: dict[str, Any]
) -> None:
    glue.create_classifier(**{kind: {"Name": name, **given}})
    shown = glue.get_classifier(Name=name)["Classifier"][kind]
    assert {key: shown[key] for key in given} == given
    glue.update_classifier(**{kind: {"Name": name, **change}})
    changed = glue.get_classifier(Name=name)["Classifier"][kind]
    assert {key: changed[key] for key in given} == {**given, **change}
    assert changed["Version"] == 2
    glue.delete_classifier(Name=name)
    assert error_code(glue.get_classifier, Name=name) == "EntityNotFoundException"


def test_user_defined_function(glue: Any, name: str) -> None:
    glue.create_database(DatabaseInput={"Name": name})
    given = {"FunctionName": "f", "ClassName": "c", "OwnerName": "o", "OwnerType": "GROUP"}
    one = {"DatabaseName": name, "FunctionName": "f"}
    glue.create_user_defined_function(DatabaseName=name, FunctionInput=given)
    glue.update_user_defined_function(**one, FunctionInput={**given, "ClassName": "d"})
    shown = glue.get_user_defined_function(**one)["UserDefinedFunction"]
    assert (shown["ClassName"], shown["OwnerName"]) == ("d", "o")
    found = glue.get_user_defined_functions(DatabaseName=name, Pattern="*")
    assert len(found["UserDefinedFunctions"]) == 1
    glue.delete_user_defined_function(**one)
    assert error_code(glue.get_user_defined_function, **one) == "EntityNotFoundException"
