"""The contract with the pinned moto: what we add is missing there, what we mend is broken there.

When a test here fails after an upgrade of moto, upstream has caught up: delete the patch.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from emulator_process import Endpoint
from tarn_emulator import patches
from tarn_emulator.patches.dynamodb import WRITES
from tarn_emulator.patches.registry import Kind, Patch

PATCHES = patches.load()
Probe = Callable[[Endpoint, str], bool]
PROBES: dict[tuple[str, str], Probe] = {}

#: Patches of moto's inner workings, shown by the tests of the launcher, of refusals and of
#: authorization, and by the races in the tests of services.
INTERNAL = {
    ("s3", "ListObjectVersions"),
    ("s3", "setlist"),
    ("core", "call_action"),
    ("core", "method_names_from_class"),
    ("core", "list_of_moto_modules"),
    ("core", "BaseModel"),
    ("sts", "AssumeRole"),
    *(("dynamodb", operation) for operation in WRITES),
}

ROLE = "arn:aws:iam::123456789012:role/some"
ADMIN = {"DataLakePrincipalIdentifier": ROLE}


def key_of(patch: Patch) -> tuple[str, str]:
    return (patch.service, patch.operation)


def probe(service: str, operation: str) -> Callable[[Probe], Probe]:
    """Mark a function that is true where a call works as it does on AWS."""

    def mark(function: Probe) -> Probe:
        assert (service, operation) not in PROBES, f"two probes for {service} {operation}"
        PROBES[service, operation] = function
        return function

    return mark


def test_each_mended_call_has_a_probe() -> None:
    mended = {key_of(patch) for patch in PATCHES if patch.kind is not Kind.ADDS}
    assert mended - INTERNAL == set(PROBES)


def test_each_patch_gives_a_reason() -> None:
    assert all(patch.reason for patch in PATCHES)


def test_what_is_added_is_missing_upstream() -> None:
    """In a process of its own, because in this one a patch may be installed."""
    added = [
        (f"{patch.service} {patch.operation}", patch.target, patch.attribute)
        for patch in PATCHES
        if patch.kind is Kind.ADDS
    ]
    script = (
        "import importlib, json, sys\n"
        "for call, target, attribute in json.load(sys.stdin):\n"
        "    module, _, owner = target.partition(':')\n"
        "    if hasattr(getattr(importlib.import_module(module), owner), attribute):\n"
        "        print(call)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(added),
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(added) > 50
    assert found.stdout == "", "moto has these now: delete the patches"


# --- Glue ------------------------------------------------------------------------------------


def job(aws: Endpoint, name: str, **more: Any) -> Any:
    glue = aws.client("glue")
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"}
    glue.create_job(Name=name, Role=ROLE, Command=command, **more)
    return glue


def refuses(call: Callable[..., Any], code: str, **arguments: Any) -> bool:
    """True when a call fails with an error code."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] == code
    return False


def database(aws: Endpoint, name: str, **more: Any) -> Any:
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": name}, **more)
    return glue


def table(aws: Endpoint, name: str, **more: Any) -> Any:
    glue = database(aws, name)
    columns = {"Columns": [{"Name": "a", "Type": "int"}, {"Name": "b", "Type": "int"}]}
    glue.create_table(
        DatabaseName=name,
        TableInput={
            "Name": "t",
            "StorageDescriptor": columns,
            "PartitionKeys": [{"Name": "p", "Type": "string"}],
        },
        **more,
    )
    return glue


def keeps_no_tags(aws: Endpoint, kind: str, name: str) -> bool:
    arn = f"arn:aws:glue:us-east-1:123456789012:{kind}/{name}"
    return aws.client("glue").get_tags(ResourceArn=arn)["Tags"] == {}


@probe("glue", "CreateJob")
def _(aws: Endpoint, name: str) -> bool:
    job(aws, name, JobRunQueuingEnabled=True, MaintenanceWindow="Sun:10")
    shown = aws.client("glue").get_job(JobName=name)["Job"]
    return (shown.get("JobRunQueuingEnabled"), shown.get("MaintenanceWindow")) == (True, "Sun:10")


@probe("glue", "GetJob")
def _(aws: Endpoint, name: str) -> bool:
    return "ExecutionClass" not in job(aws, name).get_job(JobName=name)["Job"]


@probe("glue", "DeleteJob")
def _(aws: Endpoint, name: str) -> bool:
    job(aws, name, Tags={"a": "b"}).delete_job(JobName=name)
    return keeps_no_tags(aws, "job", name)


def crawler(aws: Endpoint, name: str, **more: Any) -> Any:
    glue = aws.client("glue")
    targets = {"S3Targets": [{"Path": "s3://b/"}]}
    glue.create_crawler(Name=name, Role=ROLE, DatabaseName="d", Targets=targets, **more)
    return glue


@probe("glue", "CreateCrawler")
def _(aws: Endpoint, name: str) -> bool:
    return refuses(
        crawler,
        "InvalidInputException",
        aws=aws,
        name=name,
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
    )


@probe("glue", "GetCrawler")
def _(aws: Endpoint, name: str) -> bool:
    glue = crawler(aws, name, LakeFormationConfiguration={"UseLakeFormationCredentials": True})
    shown = glue.get_crawler(Name=name)["Crawler"]
    return shown.get("LakeFormationConfiguration") == {"UseLakeFormationCredentials": True}


@probe("glue", "DeleteCrawler")
def _(aws: Endpoint, name: str) -> bool:
    crawler(aws, name, Tags={"a": "b"}).delete_crawler(Name=name)
    return keeps_no_tags(aws, "crawler", name)


@probe("glue", "CreateTrigger")
def _(aws: Endpoint, name: str) -> bool:
    glue = aws.client("glue")
    trigger = {"Name": name, "Type": "ON_DEMAND", "Actions": [{"JobName": name}]}
    glue.create_trigger(**trigger, StartOnCreation=True)
    state = glue.get_trigger(Name=name)["Trigger"]["State"]
    again = refuses(glue.create_trigger, "AlreadyExistsException", **trigger)
    return state == "CREATED" and again


@probe("glue", "DeleteTrigger")
def _(aws: Endpoint, name: str) -> bool:
    glue = aws.client("glue")
    glue.create_trigger(Name=name, Type="ON_DEMAND", Actions=[], Tags={"a": "b"})
    glue.delete_trigger(Name=name)
    return keeps_no_tags(aws, "trigger", name)


@probe("glue", "CreateWorkflow")
def _(aws: Endpoint, name: str) -> bool:
    glue = aws.client("glue")
    glue.create_workflow(Name=name)
    return refuses(glue.create_workflow, "AlreadyExistsException", Name=name)


@probe("glue", "GetConnection")
def _(aws: Endpoint, name: str) -> bool:
    glue = aws.client("glue")
    given = {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    glue.create_connection(ConnectionInput={**given, "MatchCriteria": ["x"]})
    shown = glue.get_connection(Name=name)["Connection"]
    return (shown.get("ConnectionType"), shown.get("MatchCriteria")) == ("NETWORK", ["x"])


@probe("glue", "UpdateTable")
def _(aws: Endpoint, name: str) -> bool:
    glue = table(aws, name)
    read = glue.get_table(DatabaseName=name, Name="t")["Table"]["VersionId"]
    update = {"DatabaseName": name, "TableInput": {"Name": "t"}, "VersionId": read}
    glue.update_table(**update, SkipArchive=True)
    return refuses(glue.update_table, "ConcurrentModificationException", **update)


INDEX = {"IndexName": "i", "Keys": ["p"]}


@probe("glue", "CreateTable")
def _(aws: Endpoint, name: str) -> bool:
    glue = table(aws, name, PartitionIndexes=[INDEX])
    shown = glue.get_partition_indexes(DatabaseName=name, TableName="t")
    aws.client("s3").create_bucket(Bucket=name)
    glue.create_table(
        DatabaseName=name,
        TableInput={
            "Name": "iceberg",
            "StorageDescriptor": {
                "Columns": [{"Name": "a", "Type": "int"}],
                "Location": f"s3://{name}/t",
            },
        },
        OpenTableFormatInput={"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}},
    )
    parameters = glue.get_table(DatabaseName=name, Name="iceberg")["Table"]["Parameters"]
    metadata = aws.client("s3").list_objects_v2(Bucket=name, Prefix="t/metadata/")["KeyCount"]
    indexes = [one["IndexName"] for one in shown["PartitionIndexDescriptorList"]]
    return indexes == ["i"] and "metadata_location" in parameters and metadata == 1


@probe("glue", "GetPartitionIndexes")
def _(aws: Endpoint, name: str) -> bool:
    glue = table(aws, name)
    glue.create_partition_index(DatabaseName=name, TableName="t", PartitionIndex=INDEX)
    shown = glue.get_partition_indexes(DatabaseName=name, TableName="t")
    return shown["PartitionIndexDescriptorList"][0]["IndexStatus"] == "ACTIVE"


@probe("glue", "DeleteDatabase")
def _(aws: Endpoint, name: str) -> bool:
    database(aws, name, Tags={"a": "b"}).delete_database(Name=name)
    return keeps_no_tags(aws, "database", name)


@probe("glue", "DeleteTable")
def _(aws: Endpoint, name: str) -> bool:
    glue = table(aws, name)
    resource = {"Table": {"DatabaseName": name, "Name": "t"}}
    grant(aws, resource, ["INSERT"])
    glue.delete_table(DatabaseName=name, Name="t")
    return listed(aws, resource) == []


# --- Lake Formation --------------------------------------------------------------------------


def grant(aws: Endpoint, resource: dict[str, Any], permissions: list[str], **more: Any) -> None:
    aws.client("lakeformation").grant_permissions(
        Principal=ADMIN, Resource=resource, Permissions=permissions, **more
    )


def listed(aws: Endpoint, resource: dict[str, Any]) -> list[dict[str, Any]]:
    answer = aws.client("lakeformation").list_permissions(Principal=ADMIN, Resource=resource)
    return answer["PrincipalResourcePermissions"]


@probe("lakeformation", "GrantPermissions")
def _(aws: Endpoint, name: str) -> bool:
    database(aws, name)
    resource = {"Database": {"Name": name}}
    grant(aws, resource, ["DESCRIBE"])
    grant(aws, resource, ["ALTER"])
    aws.client("lakeformation").revoke_permissions(
        Principal=ADMIN, Resource=resource, Permissions=["DESCRIBE"]
    )
    return [one["Permissions"] for one in listed(aws, resource)] == [["ALTER"]]


@probe("lakeformation", "RevokePermissions")
def _(aws: Endpoint, name: str) -> bool:
    return refuses(
        aws.client("lakeformation").revoke_permissions,
        "InvalidInputException",
        Principal=ADMIN,
        Resource={"Database": {"Name": name}},
        Permissions=["DESCRIBE"],
    )


@probe("lakeformation", "ListPermissions")
def _(aws: Endpoint, name: str) -> bool:
    table(aws, name)
    columns = {"DatabaseName": name, "Name": "t", "ColumnNames": ["a"]}
    grant(aws, {"TableWithColumns": columns}, ["SELECT"])
    found = listed(aws, {"Table": {"DatabaseName": name, "Name": "t"}})
    return [one["Resource"]["TableWithColumns"]["ColumnNames"] for one in found] == [["a"]]


def batch_entry(name: str) -> dict[str, Any]:
    return {
        "Id": "1",
        "Principal": ADMIN,
        "Resource": {"Database": {"Name": name}},
        "Permissions": ["DESCRIBE"],
        "PermissionsWithGrantOption": ["DESCRIBE"],
    }


@probe("lakeformation", "BatchGrantPermissions")
def _(aws: Endpoint, name: str) -> bool:
    database(aws, name)
    aws.client("lakeformation").batch_grant_permissions(Entries=[batch_entry(name)])
    found = listed(aws, {"Database": {"Name": name}})
    return [one["PermissionsWithGrantOption"] for one in found] == [["DESCRIBE"]]


@probe("lakeformation", "BatchRevokePermissions")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    failures = lake.batch_revoke_permissions(Entries=[batch_entry(name)])["Failures"]
    return [one["RequestEntry"]["Id"] for one in failures] == ["1"]


@probe("lakeformation", "CreateLFTag")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    lake.create_lf_tag(TagKey=name, TagValues=["a"])
    return refuses(lake.create_lf_tag, "AlreadyExistsException", TagKey=name, TagValues=["b"])


@probe("lakeformation", "GetLFTag")
def _(aws: Endpoint, name: str) -> bool:
    return refuses(aws.client("lakeformation").get_lf_tag, "EntityNotFoundException", TagKey=name)


@probe("lakeformation", "DeleteLFTag")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    return refuses(lake.delete_lf_tag, "EntityNotFoundException", TagKey=name)


def tagged_database(aws: Endpoint, name: str) -> tuple[Any, dict[str, Any]]:
    database(aws, name)
    lake = aws.client("lakeformation")
    for key in (f"{name}a", f"{name}b"):
        lake.create_lf_tag(TagKey=key, TagValues=["1", "2"])
    return lake, {"Database": {"Name": name}}


@probe("lakeformation", "AddLFTagsToResource")
def _(aws: Endpoint, name: str) -> bool:
    lake, resource = tagged_database(aws, name)
    for key in (f"{name}a", f"{name}b"):
        tags = [{"TagKey": key, "TagValues": ["1"]}]
        lake.add_lf_tags_to_resource(Resource=resource, LFTags=tags)
    shown = lake.get_resource_lf_tags(Resource=resource)["LFTagOnDatabase"]
    return {tag["TagKey"] for tag in shown} == {f"{name}a", f"{name}b"}


@probe("lakeformation", "GetResourceLFTags")
def _(aws: Endpoint, name: str) -> bool:
    lake, resource = tagged_database(aws, name)
    return lake.get_resource_lf_tags(Resource=resource).get("LFTagOnDatabase", []) == []


@probe("lakeformation", "RemoveLFTagsFromResource")
def _(aws: Endpoint, name: str) -> bool:
    lake, resource = tagged_database(aws, name)
    tags = [{"TagKey": f"{name}a", "TagValues": ["1"]}]
    return len(lake.remove_lf_tags_from_resource(Resource=resource, LFTags=tags)["Failures"]) == 1


def location(name: str) -> str:
    return f"arn:aws:s3:::{name}"


@probe("lakeformation", "PutDataLakeSettings")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    before = lake.get_data_lake_settings()["DataLakeSettings"]
    lake.put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": before["DataLakeAdmins"]})
    return lake.get_data_lake_settings()["DataLakeSettings"] == before


def allowed_by_iam(aws: Endpoint, resource: dict[str, Any]) -> bool:
    """True when everybody whom IAM allows is granted everything."""
    found = aws.client("lakeformation").list_permissions(
        Principal={"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, Resource=resource
    )
    return [one["Permissions"] for one in found["PrincipalResourcePermissions"]] == [["ALL"]]


@probe("glue", "CreateDatabase")
def _(aws: Endpoint, name: str) -> bool:
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return allowed_by_iam(aws, {"Database": {"Name": name}})


@probe("lakeformation", "RegisterResource")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    lake.register_resource(ResourceArn=location(name), UseServiceLinkedRole=True)
    shown = lake.describe_resource(ResourceArn=location(name))["ResourceInfo"]
    return (shown.get("RoleArn") or "").endswith("AWSServiceRoleForLakeFormationDataAccess")


@probe("lakeformation", "DescribeResource")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    lake.register_resource(
        ResourceArn=location(name), RoleArn=ROLE, HybridAccessEnabled=True, WithFederation=True
    )
    shown = lake.describe_resource(ResourceArn=location(name))["ResourceInfo"]
    return bool(shown.get("HybridAccessEnabled") and shown.get("WithFederation"))


@probe("lakeformation", "ListDataCellsFilter")
def _(aws: Endpoint, name: str) -> bool:
    lake = aws.client("lakeformation")
    data = {"TableCatalogId": "1", "DatabaseName": name, "TableName": "t", "Name": name}
    lake.create_data_cells_filter(TableData={**data, "ColumnNames": ["a"]})
    shown = lake.list_data_cells_filter(Table={"DatabaseName": name, "Name": "t"})
    return [one["Name"] for one in shown["DataCellsFilters"]] == [name]


# --- Athena ----------------------------------------------------------------------------------


@probe("athena", "CreateWorkGroup")
def _(aws: Endpoint, name: str) -> bool:
    athena = aws.client("athena")
    engine = {"SelectedEngineVersion": "Athena engine version 3"}
    athena.create_work_group(Name=name, Configuration={"EngineVersion": engine})
    shown = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]["EngineVersion"]
    return shown.get("EffectiveEngineVersion") == "Athena engine version 3"


@probe("athena", "GetWorkGroup")
def _(aws: Endpoint, name: str) -> bool:
    call = aws.client("athena").get_work_group
    return refuses(call, "InvalidRequestException", WorkGroup=name)


@probe("athena", "GetNamedQuery")
def _(aws: Endpoint, name: str) -> bool:
    call = aws.client("athena").get_named_query
    return refuses(call, "InvalidRequestException", NamedQueryId=name)


@probe("athena", "GetPreparedStatement")
def _(aws: Endpoint, name: str) -> bool:
    call = aws.client("athena").get_prepared_statement
    code = "ResourceNotFoundException"
    return refuses(call, code, StatementName=name, WorkGroup="primary")


@probe("athena", "GetDataCatalog")
def _(aws: Endpoint, name: str) -> bool:
    return refuses(aws.client("athena").get_data_catalog, "InvalidRequestException", Name=name)


@probe("athena", "DeleteWorkGroup")
def _(aws: Endpoint, name: str) -> bool:
    athena = aws.client("athena")
    athena.create_work_group(Name=name)
    athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1", WorkGroup=name)
    return refuses(athena.delete_work_group, "InvalidRequestException", WorkGroup=name)


@probe("athena", "ListTagsForResource")
def _(aws: Endpoint, name: str) -> bool:
    athena = aws.client("athena")
    athena.create_work_group(Name=name)
    arn = f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}"
    return athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


# --- CloudWatch, EC2, KMS --------------------------------------------------------------------


def alarm(aws: Endpoint, name: str, **more: Any) -> Any:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="m",
        Namespace="n",
        Period=60,
        Statistic="Sum",
        Threshold=0,
        **more,
    )
    return cloudwatch


@probe("cloudwatch", "DescribeAlarms")
def _(aws: Endpoint, name: str) -> bool:
    shown = alarm(aws, name).describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    return shown["MetricAlarms"] == []


@probe("cloudwatch", "ListMetrics")
def _(aws: Endpoint, name: str) -> bool:
    cloudwatch = aws.client("cloudwatch")
    dimensions = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    data = {"MetricName": "m", "Dimensions": dimensions}
    for value in (1, 2):
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{**data, "Value": value}])
    return len(cloudwatch.list_metrics(Namespace=name)["Metrics"]) == 1


@probe("sqs", "GetQueueAttributes")
def _(aws: Endpoint, name: str) -> bool:
    sqs = aws.client("sqs")
    given = {"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}', "KmsMasterKeyId": "some"}
    url = sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    try:
        one = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedriveAllowPolicy"])
    except ClientError:
        return False
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return (
        one["Attributes"] == {"RedriveAllowPolicy": given["RedriveAllowPolicy"]}
        and found.items() >= given.items()
        and found["SqsManagedSseEnabled"] == "false"
    )


@probe("sqs", "SetQueueAttributes")
def _(aws: Endpoint, name: str) -> bool:
    sqs = aws.client("sqs")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return found.get("Attributes", {}).get("Policy") == policy


@probe("cloudwatch", "DeleteAlarms")
def _(aws: Endpoint, name: str) -> bool:
    cloudwatch = alarm(aws, name, Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.delete_alarms(AlarmNames=[name])
    arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
    return cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def endpoint(aws: Endpoint, **more: Any) -> tuple[Any, dict[str, Any]]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    service = "com.amazonaws.us-east-1.s3"
    return ec2, ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, **more)["VpcEndpoint"]


@probe("ec2", "CreateVpcEndpoint")
def _(aws: Endpoint, name: str) -> bool:
    return endpoint(aws)[1].get("VpcEndpointType") == "Gateway"


def described(aws: Endpoint, direction: str, peer: str) -> bool:
    """A rule about another group, or about a prefix list, keeps its description."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    entries = ec2.create_managed_prefix_list(
        PrefixListName="l", MaxEntries=1, AddressFamily="IPv4"
    )["PrefixList"]
    peers = {
        "group": {"UserIdGroupPairs": [{"GroupId": group, "Description": "why"}]},
        "list": {
            "PrefixListIds": [{"PrefixListId": entries["PrefixListId"], "Description": "why"}]
        },
    }
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **peers[peer]}
    getattr(ec2, f"authorize_security_group_{direction}")(GroupId=group, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
        "SecurityGroupRules"
    ]
    return "why" in [rule.get("Description") for rule in rules]


@probe("ec2", "DescribeSecurityGroupRules")
def _(aws: Endpoint, name: str) -> bool:
    return described(aws, "ingress", "group")


@probe("ec2", "AuthorizeSecurityGroupIngress")
def _(aws: Endpoint, name: str) -> bool:
    return described(aws, "ingress", "list")


@probe("ec2", "AuthorizeSecurityGroupEgress")
def _(aws: Endpoint, name: str) -> bool:
    return described(aws, "egress", "list")


@probe("ec2", "DeleteVpcEndpoints")
def _(aws: Endpoint, name: str) -> bool:
    ec2, made = endpoint(aws, VpcEndpointType="Gateway")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    return refuses(
        ec2.describe_vpc_endpoints,
        "InvalidVpcEndpointId.NotFound",
        VpcEndpointIds=[made["VpcEndpointId"]],
    )


def rotation(aws: Endpoint, **period: int) -> int | None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, **period)
    return kms.get_key_rotation_status(KeyId=key).get("RotationPeriodInDays")


@probe("kms", "EnableKeyRotation")
def _(aws: Endpoint, name: str) -> bool:
    return rotation(aws, RotationPeriodInDays=180) == 180


@probe("kms", "GetKeyRotationStatus")
def _(aws: Endpoint, name: str) -> bool:
    return rotation(aws) == 365


# --- S3 --------------------------------------------------------------------------------------


def bucket(aws: Endpoint, name: str, *statements: dict[str, Any]) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def deny(name: str, condition: dict[str, Any], action: str = "s3:*") -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": condition,
    }


@probe("s3", "object calls")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name, deny(name, {"Bool": {"aws:SecureTransport": "false"}}))
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    s3.put_object(Bucket=name, Key="a", Body=b"2")
    return s3.get_object(Bucket=name, Key="a")["Body"].read() == b"2"


@probe("s3", "the verdict of a bucket policy")
def _(aws: Endpoint, name: str) -> bool:
    condition = {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}
    s3 = bucket(aws, name, deny(name, condition, "s3:DeleteObject"))
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    return "Errors" not in s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a"}]})


@probe("s3", "bucket calls")
def _(aws: Endpoint, name: str) -> bool:
    condition = {"StringLike": {"s3:prefix": "secret/*"}}
    s3 = bucket(aws, name, deny(name, condition, "s3:ListBucket"))
    s3.list_objects_v2(Bucket=name, Prefix="open/")
    return refuses(s3.list_objects_v2, "AccessDenied", Bucket=name, Prefix="secret/x")


@probe("s3", "PutBucketPolicy")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    return refuses(s3.put_bucket_policy, "MalformedPolicy", Bucket=name, Policy='{"Statement": 1}')


@probe("s3", "bucket sub-resources")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_request_payment(Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"})
    return s3.get_bucket_request_payment(Bucket=name).get("Payer") == "Requester"


@probe("s3", "object sub-resources")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    code = "NoSuchObjectLockConfiguration"
    return refuses(s3.get_object_retention, code, Bucket=name, Key="a")


@probe("s3", "PutObjectLockConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    lock = {"ObjectLockEnabled": "Enabled"}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    return s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == lock


@probe("s3", "GetObjectLockConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    retention = {"Mode": "GOVERNANCE", "Years": 1}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    return s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == lock


@probe("s3", "PutBucketInventoryConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    target = {
        "Bucket": f"arn:aws:s3:::{name}",
        "Format": "Parquet",
        "Encryption": {"SSES3": {}},
    }
    put = {
        "Destination": {"S3BucketDestination": target},
        "IsEnabled": True,
        "Id": "a",
        "IncludedObjectVersions": "All",
        "Schedule": {"Frequency": "Daily"},
    }
    s3.put_bucket_inventory_configuration(Bucket=name, Id="a", InventoryConfiguration=put)
    return (
        s3.get_bucket_inventory_configuration(Bucket=name, Id="a")["InventoryConfiguration"] == put
    )


@probe("s3", "GetBucketInventoryConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    get = s3.get_bucket_inventory_configuration
    return refuses(get, "NoSuchConfiguration", Bucket=name, Id="a")


@probe("s3", "PutBucketLogging")
def _(aws: Endpoint, name: str) -> bool:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}-logs/*"],
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{name}"}},
    }
    logs = f"{name}-logs"
    bucket(aws, logs, deny(logs, {"Bool": {"aws:SecureTransport": "false"}}), allow)
    s3 = bucket(aws, name)
    target = {"TargetBucket": logs, "TargetPrefix": "x/"}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": target})
    return s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"] == logs


LIFECYCLE = {
    "ID": "a",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "x/", "ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
}


@probe("s3", "PutBucketLifecycleConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={"Rules": [LIFECYCLE]},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    shown = s3.get_bucket_lifecycle_configuration(Bucket=name)
    return shown["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


@probe("s3", "GetBucketLifecycleConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [LIFECYCLE]}
    )
    return s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [LIFECYCLE]


@probe("s3", "GetBucketNotificationConfiguration")
def _(aws: Endpoint, name: str) -> bool:
    s3 = bucket(aws, name)
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=name)


@pytest.mark.parametrize("call", sorted(PROBES), ids=" ".join)
def test_mended_here_and_broken_upstream(
    call: tuple[str, str], emulator: Endpoint, upstream: Endpoint, name: str
) -> None:
    assert PROBES[call](emulator, name), f"{call} does not work here"
    try:
        works = PROBES[call](upstream, name)
    except (ClientError, BotoCoreError, KeyError, IndexError):
        works = False
    assert not works, f"moto does {call} right now: delete the patch"


# --- IAM and STS -----------------------------------------------------------------------------


@probe("iam", "CreateUser")
def _(aws: Endpoint, name: str) -> bool:
    iam = aws.client("iam")
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_user(UserName=name, PermissionsBoundary=boundary)
    shown = iam.get_user(UserName=name)["User"].get("PermissionsBoundary", {})
    return shown.get("PermissionsBoundaryArn") == boundary


@probe("sts", "AssumeRoleWithWebIdentity")
def _(aws: Endpoint, name: str) -> bool:
    issuer = f"https://{name}.example.com"
    arn = aws.client("iam").create_open_id_connect_provider(
        Url=issuer, ClientIDList=["aud"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    claims = {"iss": issuer, "aud": "aud", "sub": "me", "exp": 4102444800}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    answer = aws.client("sts").assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="run1", WebIdentityToken=f"e30.{payload}.e30"
    )
    return answer.get("Provider") == arn and answer.get("SubjectFromWebIdentityToken") == "me"


# --- Secrets Manager -------------------------------------------------------------------------


def secret(aws: Endpoint, name: str, *values: str) -> tuple[Any, list[str]]:
    """A secret that had these values, and the ids of their versions."""
    secrets = aws.client("secretsmanager")
    versions = [secrets.create_secret(Name=name, SecretString=values[0])["VersionId"]]
    for value in values[1:]:
        versions.append(secrets.put_secret_value(SecretId=name, SecretString=value)["VersionId"])
    return secrets, versions


@probe("secretsmanager", "UpdateSecretVersionStage")
def _(aws: Endpoint, name: str) -> bool:
    secrets, (old, new) = secret(aws, name, "old", "new")
    secrets.update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=old, RemoveFromVersionId=new
    )
    return secrets.get_secret_value(SecretId=name)["SecretString"] == "old"


@probe("secretsmanager", "DescribeSecret")
def _(aws: Endpoint, name: str) -> bool:
    secrets, (_, second, third) = secret(aws, name, "1", "2", "3")
    stages = secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    return stages == {second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}


@probe("secretsmanager", "ListSecretVersionIds")
def _(aws: Endpoint, name: str) -> bool:
    secrets, versions = secret(aws, name, "1", "2", "3")
    shown = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    everything = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    return len(everything) == 3 and {one["VersionId"] for one in shown} == set(versions[1:])


@probe("secretsmanager", "PutSecretValue")
def _(aws: Endpoint, name: str) -> bool:
    secrets, _ = secret(aws, name, "1")
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return refuses(
        secrets.put_secret_value, "InvalidRequestException", SecretId=name, SecretString="2"
    )


@probe("secretsmanager", "CreateSecret")
def _(aws: Endpoint, name: str) -> bool:
    secrets, _ = secret(aws, name, "1")
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return refuses(secrets.create_secret, "InvalidRequestException", Name=name, SecretString="2")


# --- S3 replication --------------------------------------------------------------------------


@probe("s3", "GetBucketReplication")
def _(aws: Endpoint, name: str) -> bool:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    configuration = {
        "Role": ROLE,
        "Rules": [
            {
                "ID": "all",
                "Priority": 1,
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {
                    "Bucket": "arn:aws:s3:::elsewhere",
                    "StorageClass": "STANDARD_IA",
                    "EncryptionConfiguration": {
                        "ReplicaKmsKeyID": "arn:aws:kms:eu-west-1:123456789012:key/k"
                    },
                },
            },
            {
                "ID": "some",
                "Priority": 2,
                "Status": "Disabled",
                "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": "arn:aws:s3:::elsewhere"},
            },
        ],
    }
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=configuration)
    return s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"] == configuration


# --- Auditors --------------------------------------------------------------------------------


@probe("glue", "GetResourcePolicy")
def _(aws: Endpoint, name: str) -> bool:
    glue = aws.client("glue")
    return refuses(glue.get_resource_policy, "EntityNotFoundException")


@probe("kms", "DescribeKey")
def _(aws: Endpoint, name: str) -> bool:
    kms = aws.client("kms")
    own = kms.create_key()["KeyMetadata"]["KeyId"]
    described = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in (own, "alias/aws/dynamodb")]
    return [(key["KeyManager"], key.get("MultiRegion")) for key in described] == [
        ("CUSTOMER", False),
        ("AWS", False),
    ]
