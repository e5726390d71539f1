"""Athena, CloudWatch, EC2, IAM, KMS and Logs over HTTP: what the provider calls and moto lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_workgroup_update(emulator: Endpoint, name: str) -> None:
    athena = emulator.client("athena")
    kms = {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:k"}
    results = {"OutputLocation": "s3://b/x/", "EncryptionConfiguration": kms}
    athena.create_work_group(
        Name=name,
        Configuration={"ResultConfiguration": results, "BytesScannedCutoffPerQuery": 10**8},
    )
    athena.update_work_group(
        WorkGroup=name,
        Description="changed",
        State="DISABLED",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "RemoveBytesScannedCutoffPerQuery": True,
            "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
            "ResultConfigurationUpdates": {
                "OutputLocation": "s3://b/y/",
                "RemoveEncryptionConfiguration": True,
                "ExpectedBucketOwner": "123456789012",
            },
        },
    )
    shown = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (shown["Description"], shown["State"]) == ("changed", "DISABLED")
    configuration = shown["Configuration"]
    assert configuration["ResultConfiguration"] == {
        "OutputLocation": "s3://b/y/",
        "ExpectedBucketOwner": "123456789012",
    }
    assert configuration["PublishCloudWatchMetricsEnabled"] is True
    assert "BytesScannedCutoffPerQuery" not in configuration
    engine = configuration["EngineVersion"]
    assert engine["EffectiveEngineVersion"] == "Athena engine version 3"
    athena.delete_work_group(WorkGroup=name)
    assert error_code(athena.update_work_group, WorkGroup=name) == "InvalidRequestException"


def test_a_workgroup_is_deleted_with_its_queries_when_asked(emulator: Endpoint, name: str) -> None:
    athena = emulator.client("athena")
    athena.create_work_group(Name=name, Tags=[{"Key": "a", "Value": "b"}])
    query = {"Name": "q", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": name}
    first = athena.create_named_query(**query)["NamedQueryId"]
    second = athena.create_named_query(**query)["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=first)
    assert error_code(athena.delete_named_query, NamedQueryId=first) == "InvalidRequestException"
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    assert error_code(athena.get_named_query, NamedQueryId=second) == "InvalidRequestException"
    athena.create_work_group(Name=name)
    arn = f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    code = error_code(athena.list_tags_for_resource, ResourceARN=f"{arn}-none")
    assert code == "ResourceNotFoundException"


def test_named_query(emulator: Endpoint, name: str) -> None:
    athena = emulator.client("athena")
    athena.create_work_group(Name=name)
    made = {"Name": "late", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": name}
    one = {"NamedQueryId": athena.create_named_query(**made, Description="Late")["NamedQueryId"]}
    # Two queries of a workgroup may have one name.
    two = {"NamedQueryId": athena.create_named_query(**made)["NamedQueryId"]}
    assert set(athena.list_named_queries(WorkGroup=name)["NamedQueryIds"]) == {
        one["NamedQueryId"],
        two["NamedQueryId"],
    }
    athena.delete_named_query(**two)
    athena.update_named_query(**one, Name="later", QueryString="SELECT 2", Description="Later")
    shown = athena.get_named_query(**one)["NamedQuery"]
    changed = {"Name": "later", "QueryString": "SELECT 2", "Description": "Later"}
    assert shown == {**made, **changed, **one}
    athena.delete_named_query(**one)
    assert athena.list_named_queries(WorkGroup=name)["NamedQueryIds"] == []
    code = error_code(athena.update_named_query, **one, Name="x", QueryString="SELECT 3")
    assert code == "InvalidRequestException"
    athena.delete_work_group(WorkGroup=name)


def test_prepared_statement(emulator: Endpoint, name: str) -> None:
    athena = emulator.client("athena")
    one = {"StatementName": name, "WorkGroup": "primary"}
    athena.create_prepared_statement(**one, QueryStatement="SELECT 1")
    athena.update_prepared_statement(**one, QueryStatement="SELECT 2", Description="changed")
    shown = athena.get_prepared_statement(**one)["PreparedStatement"]
    assert (shown["QueryStatement"], shown["Description"]) == ("SELECT 2", "changed")
    athena.delete_prepared_statement(**one)
    assert error_code(athena.delete_prepared_statement, **one) == "ResourceNotFoundException"


def test_data_catalog(emulator: Endpoint, name: str) -> None:
    athena = emulator.client("athena")
    athena.create_data_catalog(Name=name, Type="GLUE", Parameters={"catalog-id": "1"})
    athena.update_data_catalog(Name=name, Type="GLUE", Parameters={"catalog-id": "2"})
    shown = athena.get_data_catalog(Name=name)["DataCatalog"]
    assert shown["Parameters"] == {"catalog-id": "2"}
    athena.delete_data_catalog(Name=name)
    assert error_code(athena.get_data_catalog, Name=name) == "InvalidRequestException"


def test_key_of_a_log_group(emulator: Endpoint, name: str) -> None:
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName=name)

    def group() -> dict[str, Any]:
        return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]

    logs.associate_kms_key(logGroupName=name, kmsKeyId="arn:k")
    assert group()["kmsKeyId"] == "arn:k"
    logs.disassociate_kms_key(resourceIdentifier=group()["arn"])
    assert "kmsKeyId" not in group()
    code = error_code(logs.associate_kms_key, logGroupName=f"{name}-none", kmsKeyId="arn:k")
    assert code == "ResourceNotFoundException"


def test_query_definition(emulator: Endpoint, name: str) -> None:
    logs = emulator.client("logs")
    made = logs.put_query_definition(name=name, queryString="fields a", logGroupNames=["g"])
    one = {"queryDefinitionId": made["queryDefinitionId"]}
    again = logs.put_query_definition(**one, name=name, queryString="fields b")
    assert again["queryDefinitionId"] == made["queryDefinitionId"]
    (shown,) = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert (shown["queryString"], shown["logGroupNames"]) == ("fields b", [])
    logs.delete_query_definition(**one)
    assert logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"] == []
    assert error_code(logs.delete_query_definition, **one) == "ResourceNotFoundException"


def test_composite_alarm(emulator: Endpoint, name: str) -> None:
    cloudwatch = emulator.client("cloudwatch")
    alarm = {"AlarmName": name, "AlarmRule": 'ALARM("a") OR ALARM("b")'}
    cloudwatch.put_composite_alarm(
        **alarm,
        AlarmDescription="first",
        AlarmActions=["arn:aws:sns:us-east-1:123456789012:t"],
        ActionsSuppressor="s",
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=120,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    one = {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm"]}
    (shown,) = cloudwatch.describe_alarms(**one)["CompositeAlarms"]
    assert {key: shown[key] for key in alarm} == alarm
    assert (shown["ActionsSuppressor"], shown["ActionsSuppressorWaitPeriod"]) == ("s", 60)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="TRUE")
    assert cloudwatch.describe_alarms(**one)["CompositeAlarms"][0]["AlarmRule"] == "TRUE"
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(**one)["CompositeAlarms"] == []


def test_client_ids_of_an_identity_provider(emulator: Endpoint, name: str) -> None:
    iam = emulator.client("iam")
    made = iam.create_open_id_connect_provider(
        Url=f"https://{name}.example.com", ThumbprintList=["a" * 40], ClientIDList=["one"]
    )
    one = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    iam.add_client_id_to_open_id_connect_provider(**one, ClientID="two")
    iam.add_client_id_to_open_id_connect_provider(**one, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(**one, ClientID="one")
    assert iam.get_open_id_connect_provider(**one)["ClientIDList"] == ["two"]
    code = error_code(
        iam.add_client_id_to_open_id_connect_provider,
        OpenIDConnectProviderArn="arn:aws:iam::123456789012:oidc-provider/none",
        ClientID="x",
    )
    assert code == "NoSuchEntity"


def test_a_user_has_no_service_credentials(emulator: Endpoint, name: str) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName=name)
    shown = iam.list_service_specific_credentials(UserName=name)
    assert shown["ServiceSpecificCredentials"] == []


def test_aws_managed_policies_can_be_attached(emulator: Endpoint, name: str) -> None:
    iam = emulator.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def test_rotation_period_is_checked_and_forgotten_when_off(emulator: Endpoint) -> None:
    kms = emulator.client("kms")
    key = {"KeyId": kms.create_key()["KeyMetadata"]["KeyId"]}
    code = error_code(kms.enable_key_rotation, **key, RotationPeriodInDays=2561)
    assert code == "ValidationException"
    kms.enable_key_rotation(**key, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(**key)["RotationPeriodInDays"] == 90
    kms.disable_key_rotation(**key)
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(**key)


def test_endpoints_of_a_network_can_be_destroyed(emulator: Endpoint) -> None:
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[routes]
    )["VpcEndpoint"]["VpcEndpointId"]
    interface = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.glue",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
    )["VpcEndpoint"]["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[gateway, interface])
    for endpoint in (gateway, interface):
        code = error_code(ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint])
        assert code == "InvalidVpcEndpointId.NotFound"
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=routes)
    ec2.delete_vpc(VpcId=vpc)


def test_the_boundary_of_a_user(emulator: Endpoint, name: str) -> None:
    iam = emulator.client("iam")
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_user(UserName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    shown = iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == boundary
    iam.delete_user_permissions_boundary(UserName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
