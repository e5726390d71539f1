"""Each service's table: a call with the permission AWS names for it passes, without it does not."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest
from authorization_support import ACCOUNT, Account, allow, allowed, refused, trust
from tarn_emulator.authorization.services import FILES
from tarn_emulator.authorization.services import table_of as module_of

R = f"us-east-1:{ACCOUNT}"
GLUE_ROLE = trust({"Service": "glue.amazonaws.com"})
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"}
TABLE_INPUT = {"Name": "items"}
CATALOG = [
    f"arn:aws:glue:{R}:catalog",
    f"arn:aws:glue:{R}:database/NAME",
    f"arn:aws:glue:{R}:table/NAME/items",
]
STREAM = f"arn:aws:logs:{R}:log-group:/NAME:log-stream:"

#: service, operation, arguments, what must be allowed as (action, resources). NAME stands for the
#: name of the test.
CALLS: list[tuple[str, str, dict[str, Any], list[tuple[str, list[str]]]]] = [
    # IAM
    (
        "iam",
        "create_role",
        {"RoleName": "NAME", "AssumeRolePolicyDocument": GLUE_ROLE, "Path": "/tarn/"},
        [("iam:CreateRole", [f"arn:aws:iam::{ACCOUNT}:role/tarn/NAME"])],
    ),
    (
        "iam",
        "create_role",
        {
            "RoleName": "NAME",
            "AssumeRolePolicyDocument": GLUE_ROLE,
            "Tags": [{"Key": "a", "Value": "b"}],
        },
        [
            ("iam:CreateRole", [f"arn:aws:iam::{ACCOUNT}:role/NAME"]),
            ("iam:TagRole", [f"arn:aws:iam::{ACCOUNT}:role/NAME"]),
        ],
    ),
    (
        "iam",
        "create_user",
        {"UserName": "NAME-x"},
        [("iam:CreateUser", [f"arn:aws:iam::{ACCOUNT}:user/NAME-x"])],
    ),
    (
        "iam",
        "create_access_key",
        {"UserName": "NAME-x"},
        [("iam:CreateAccessKey", [f"arn:aws:iam::{ACCOUNT}:user/NAME-x"])],
    ),
    ("iam", "list_roles", {}, [("iam:ListRoles", ["*"])]),
    (
        "iam",
        "get_policy",
        {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/NAME"},
        [("iam:GetPolicy", [f"arn:aws:iam::{ACCOUNT}:policy/NAME"])],
    ),
    (
        "iam",
        "create_open_id_connect_provider",
        {"Url": "https://NAME.example.com", "ThumbprintList": ["a" * 40]},
        [
            (
                "iam:CreateOpenIDConnectProvider",
                [f"arn:aws:iam::{ACCOUNT}:oidc-provider/NAME.example.com"],
            )
        ],
    ),
    # DynamoDB
    (
        "dynamodb",
        "describe_table",
        {"TableName": "NAME"},
        [("dynamodb:DescribeTable", [f"arn:aws:dynamodb:{R}:table/NAME"])],
    ),
    (
        "dynamodb",
        "query",
        {"TableName": "NAME", "IndexName": "index", "KeyConditionExpression": "a = :a"},
        [("dynamodb:Query", [f"arn:aws:dynamodb:{R}:table/NAME/index/index"])],
    ),
    ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", ["*"])]),
    # Glue
    (
        "glue",
        "create_database",
        {"DatabaseInput": {"Name": "NAME"}},
        [("glue:CreateDatabase", CATALOG[:2])],
    ),
    (
        "glue",
        "delete_database",
        {"Name": "NAME"},
        [
            (
                "glue:DeleteDatabase",
                [
                    *CATALOG[:2],
                    f"arn:aws:glue:{R}:table/NAME/*",
                    f"arn:aws:glue:{R}:userDefinedFunction/NAME/*",
                ],
            )
        ],
    ),
    (
        "glue",
        "create_table",
        {"DatabaseName": "NAME", "TableInput": TABLE_INPUT},
        [("glue:CreateTable", CATALOG)],
    ),
    (
        "glue",
        "create_table",
        {
            "DatabaseName": "NAME",
            "TableInput": {**TABLE_INPUT, "StorageDescriptor": {"Location": "s3://NAME/items"}},
            "OpenTableFormatInput": {
                "IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}
            },
        },
        [
            ("glue:CreateTable", CATALOG),
            ("s3:PutObject", ["arn:aws:s3:::NAME/items/metadata/00000-new.metadata.json"]),
        ],
    ),
    ("glue", "get_table", {"DatabaseName": "NAME", "Name": "items"}, [("glue:GetTable", CATALOG)]),
    (
        "glue",
        "get_partitions",
        {"DatabaseName": "NAME", "TableName": "items"},
        [("glue:GetPartitions", CATALOG)],
    ),
    ("glue", "get_job", {"JobName": "NAME"}, [("glue:GetJob", [f"arn:aws:glue:{R}:job/NAME"])]),
    (
        "glue",
        "get_crawler",
        {"Name": "NAME"},
        [("glue:GetCrawler", [f"arn:aws:glue:{R}:crawler/NAME"])],
    ),
    (
        "glue",
        "create_workflow",
        {"Name": "NAME", "Tags": {"a": "b"}},
        [
            ("glue:CreateWorkflow", [f"arn:aws:glue:{R}:workflow/NAME"]),
            ("glue:TagResource", [f"arn:aws:glue:{R}:workflow/NAME"]),
        ],
    ),
    (
        "glue",
        "get_trigger",
        {"Name": "NAME"},
        [("glue:GetTrigger", [f"arn:aws:glue:{R}:trigger/NAME"])],
    ),
    (
        "glue",
        "get_tags",
        {"ResourceArn": f"arn:aws:glue:{R}:job/NAME"},
        [("glue:GetTags", [f"arn:aws:glue:{R}:job/NAME"])],
    ),
    (
        "glue",
        "get_data_catalog_encryption_settings",
        {},
        [("glue:GetDataCatalogEncryptionSettings", CATALOG[:1])],
    ),
    (
        "glue",
        "get_security_configuration",
        {"Name": "NAME"},
        [("glue:GetSecurityConfiguration", ["*"])],
    ),
    (
        "glue",
        "get_connection",
        {"Name": "NAME"},
        [("glue:GetConnection", [CATALOG[0], f"arn:aws:glue:{R}:connection/NAME"])],
    ),
    # CloudWatch Logs
    ("logs", "create_log_group", {"logGroupName": "/NAME"}, [("logs:CreateLogGroup", [STREAM])]),
    (
        "logs",
        "put_log_events",
        {
            "logGroupName": "/NAME",
            "logStreamName": "s",
            "logEvents": [{"timestamp": 1, "message": "m"}],
        },
        [("logs:PutLogEvents", [f"{STREAM}s"])],
    ),
    (
        "logs",
        "list_tags_for_resource",
        {"resourceArn": f"arn:aws:logs:{R}:log-group:/NAME"},
        [("logs:ListTagsForResource", [f"arn:aws:logs:{R}:log-group:/NAME"])],
    ),
    ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", ["*"])]),
    # CloudWatch
    (
        "cloudwatch",
        "describe_alarms",
        {"AlarmNames": ["NAME"]},
        [("cloudwatch:DescribeAlarms", [f"arn:aws:cloudwatch:{R}:alarm:NAME"])],
    ),
    (
        "cloudwatch",
        "delete_dashboards",
        {"DashboardNames": ["NAME"]},
        [("cloudwatch:DeleteDashboards", [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/NAME"])],
    ),
    ("cloudwatch", "list_metrics", {}, [("cloudwatch:ListMetrics", ["*"])]),
    # EventBridge
    (
        "events",
        "put_rule",
        {"Name": "NAME", "ScheduleExpression": "rate(1 day)"},
        [("events:PutRule", [f"arn:aws:events:{R}:rule/NAME"])],
    ),
    (
        "events",
        "describe_rule",
        {"Name": "NAME", "EventBusName": "bus"},
        [("events:DescribeRule", [f"arn:aws:events:{R}:rule/bus/NAME"])],
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
        [("events:PutEvents", [f"arn:aws:events:{R}:event-bus/default"])],
    ),
    # SNS and SQS
    ("sns", "create_topic", {"Name": "NAME"}, [("sns:CreateTopic", [f"arn:aws:sns:{R}:NAME"])]),
    (
        "sns",
        "publish",
        {"TopicArn": f"arn:aws:sns:{R}:NAME", "Message": "m"},
        [("sns:Publish", [f"arn:aws:sns:{R}:NAME"])],
    ),
    (
        "sqs",
        "create_queue",
        {"QueueName": "NAME"},
        [("sqs:CreateQueue", [f"arn:aws:sqs:{R}:NAME"])],
    ),
    (
        "sqs",
        "send_message",
        {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/NAME", "MessageBody": "m"},
        [("sqs:SendMessage", [f"arn:aws:sqs:{R}:NAME"])],
    ),
    # Athena
    (
        "athena",
        "create_work_group",
        {"Name": "NAME", "Tags": [{"Key": "a", "Value": "b"}]},
        [
            ("athena:CreateWorkGroup", [f"arn:aws:athena:{R}:workgroup/NAME"]),
            ("athena:TagResource", [f"arn:aws:athena:{R}:workgroup/NAME"]),
        ],
    ),
    (
        "athena",
        "start_query_execution",
        {"QueryString": "SELECT 1", "WorkGroup": "primary"},
        [("athena:StartQueryExecution", [f"arn:aws:athena:{R}:workgroup/primary"])],
    ),
    # Lake Formation
    (
        "lakeformation",
        "get_data_lake_settings",
        {},
        [("lakeformation:GetDataLakeSettings", ["*"])],
    ),
    # Secrets Manager
    (
        "secretsmanager",
        "create_secret",
        {"Name": "NAME", "SecretString": "s"},
        [("secretsmanager:CreateSecret", [f"arn:aws:secretsmanager:{R}:secret:NAME-*"])],
    ),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "NAME"},
        [("secretsmanager:GetSecretValue", [f"arn:aws:secretsmanager:{R}:secret:NAME-??????"])],
    ),
    # Systems Manager
    (
        "ssm",
        "put_parameter",
        {"Name": "/NAME/a", "Value": "v", "Type": "String"},
        [("ssm:PutParameter", [f"arn:aws:ssm:{R}:parameter/NAME/a"])],
    ),
    (
        "ssm",
        "get_parameters_by_path",
        {"Path": "/NAME"},
        [("ssm:GetParametersByPath", [f"arn:aws:ssm:{R}:parameter/NAME"])],
    ),
    # EC2
    ("ec2", "describe_vpcs", {}, [("ec2:DescribeVpcs", ["*"])]),
    (
        "ec2",
        "create_vpc",
        {
            "CidrBlock": "10.0.0.0/16",
            "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}],
        },
        [
            ("ec2:CreateVpc", [f"arn:aws:ec2:{R}:vpc/*"]),
            ("ec2:CreateTags", [f"arn:aws:ec2:{R}:vpc/*"]),
        ],
    ),
    (
        "ec2",
        "create_subnet",
        {"VpcId": "vpc-0123", "CidrBlock": "10.0.0.0/24"},
        [("ec2:CreateSubnet", [f"arn:aws:ec2:{R}:subnet/*", f"arn:aws:ec2:{R}:vpc/vpc-0123"])],
    ),
    (
        "ec2",
        "authorize_security_group_ingress",
        {
            "GroupId": "sg-0123",
            "IpProtocol": "tcp",
            "FromPort": 1,
            "ToPort": 1,
            "CidrIp": "10.0.0.0/8",
        },
        [
            (
                "ec2:AuthorizeSecurityGroupIngress",
                [f"arn:aws:ec2:{R}:security-group/sg-0123"],
            )
        ],
    ),
    # STS
    (
        "sts",
        "get_access_key_info",
        {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        [("sts:GetAccessKeyInfo", ["*"])],
    ),
    # KMS
    ("kms", "create_key", {}, [("kms:CreateKey", ["*"])]),
    ("kms", "list_aliases", {}, [("kms:ListAliases", ["*"])]),
]


@pytest.mark.parametrize("service", sorted(FILES))
def test_the_table_names_operations_that_exist(service: str) -> None:
    table = getattr(module_of(service), "SERVICE", None)
    if table is not None:
        model = botocore.session.get_session().get_service_model(service)
        assert set(table.rules) | table.free <= set(model.operation_names)


def filled(value: Any, name: str) -> Any:
    """The value with the test's name in it."""
    return json.loads(json.dumps(value).replace("NAME", name))


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needs"),
    CALLS,
    ids=[
        f"{service}-{operation}-{number}" for number, (service, operation, *_) in enumerate(CALLS)
    ],
)
def test_a_call_needs_just_this(
    account: Account,
    name: str,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    needs: list[tuple[str, list[str]]],
) -> None:
    needs, arguments = filled(needs, name), filled(arguments, name)
    user = account.user(name)
    call = getattr(user.client(service), operation)
    assert not allowed(call, **arguments)
    # Each action and each resource is needed; the last is left out in turn.
    pairs = [(action, resource) for action, resources in needs for resource in resources]
    for left_out in range(len(pairs)):
        rest = pairs[:left_out] + pairs[left_out + 1 :]
        if rest:
            user.may(*(allow(action, resource) for action, resource in rest))
            assert not allowed(call, **arguments), f"{pairs[left_out]} is not needed"
    user.may(*(allow(action, resource) for action, resource in pairs))
    assert allowed(call, **arguments)


# --- passing roles ---------------------------------------------------------------------------

PASSING: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "glue",
        "create_job",
        {"Name": "NAME", "Role": "ROLE", "Command": COMMAND},
        "glue.amazonaws.com",
    ),
    (
        "glue",
        "update_job",
        {"JobName": "NAME", "JobUpdate": {"Role": "ROLE", "Command": COMMAND}},
        "glue.amazonaws.com",
    ),
    (
        "glue",
        "create_crawler",
        {
            "Name": "NAME",
            "Role": "ROLE",
            "DatabaseName": "d",
            "Targets": {"S3Targets": [{"Path": "s3://b/"}]},
        },
        "glue.amazonaws.com",
    ),
    ("glue", "update_crawler", {"Name": "NAME", "Role": "ROLE"}, "glue.amazonaws.com"),
    (
        "lakeformation",
        "register_resource",
        {"ResourceArn": "arn:aws:s3:::NAME", "RoleArn": "ROLE"},
        "lakeformation.amazonaws.com",
    ),
    (
        "ec2",
        "create_flow_logs",
        {
            "ResourceIds": ["vpc-0123"],
            "ResourceType": "VPC",
            "LogGroupName": "g",
            "DeliverLogsPermissionArn": "ROLE",
        },
        "vpc-flow-logs.amazonaws.com",
    ),
    (
        "events",
        "put_targets",
        {
            "Rule": "NAME",
            "Targets": [{"Id": "1", "Arn": f"arn:aws:sqs:{R}:q", "RoleArn": "ROLE"}],
        },
        "events.amazonaws.com",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "passed_to", "by_name"),
    # Only Glue takes the name of a role.
    [(*one, False) for one in PASSING] + [(*one, True) for one in PASSING if one[0] == "glue"],
)
def test_a_role_must_be_passed(
    account: Account,
    name: str,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    passed_to: str,
    by_name: bool,
) -> None:
    role = account.role(name, GLUE_ROLE, Path="/tarn/")
    given = json.dumps(filled(arguments, name)).replace("ROLE", name if by_name else role)
    arguments = json.loads(given)
    user = account.user(name)
    call = getattr(user.client(service), operation)
    everything = allow(f"{service}:*")
    for service_name, expected in (("other.amazonaws.com", False), (passed_to, True)):
        condition = {"StringEquals": {"iam:PassedToService": service_name}}
        user.may(everything, allow("iam:PassRole", role, Condition=condition))
        assert allowed(call, **arguments) is expected
    user.may(everything)
    with refused("iam:PassRole", role):
        call(**arguments)


# --- conditions ------------------------------------------------------------------------------


def test_only_roles_with_the_boundary_may_be_made_and_changed(account: Account, name: str) -> None:
    boundary = account.managed(f"{name}-boundary", allow("s3:*"))
    policy_arn = account.managed(f"{name}-policy", allow("s3:GetObject"))
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    only_own = {
        "StringEquals": {"iam:PermissionsBoundary": boundary},
        "ArnLike": {"iam:PolicyARN": policy_arn},
    }
    user = account.user(
        name,
        allow(["iam:CreateRole", "iam:PutRolePolicy"], Condition=bounded),
        allow("iam:AttachRolePolicy", Condition=only_own),
    )
    iam = user.client("iam")
    create = {"AssumeRolePolicyDocument": GLUE_ROLE}
    with refused("iam:CreateRole"):
        iam.create_role(RoleName=f"{name}-free", **create)
    iam.create_role(RoleName=f"{name}-bound", PermissionsBoundary=boundary, **create)
    account.role(f"{name}-free", GLUE_ROLE)
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:*")})
    put = {"PolicyName": "p", "PolicyDocument": document}
    iam.put_role_policy(RoleName=f"{name}-bound", **put)
    with refused("iam:PutRolePolicy"):
        iam.put_role_policy(RoleName=f"{name}-free", **put)
    iam.attach_role_policy(RoleName=f"{name}-bound", PolicyArn=policy_arn)
    with refused("iam:AttachRolePolicy"):
        iam.attach_role_policy(
            RoleName=f"{name}-bound", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )


def test_tags_of_request_and_resource(account: Account, name: str) -> None:
    by_request = {"StringEquals": {"aws:RequestTag/team": "data"}}
    only_keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    user = account.user(
        name,
        allow(["glue:CreateWorkflow", "glue:TagResource"], Condition={**by_request, **only_keys}),
        allow("glue:DeleteWorkflow", Condition={"StringEquals": {"aws:ResourceTag/team": "data"}}),
    )
    glue = user.client("glue")
    for tags in ({}, {"team": "other"}, {"team": "data", "more": "x"}):
        with refused("glue:CreateWorkflow"):
            glue.create_workflow(Name=name, Tags=tags)
    glue.create_workflow(Name=name, Tags={"team": "data"})
    account.client("glue").create_workflow(Name=f"{name}-other")
    with refused("glue:DeleteWorkflow"):
        glue.delete_workflow(Name=f"{name}-other")
    glue.delete_workflow(Name=name)


@pytest.mark.parametrize("service", ["iam", "kms", "dynamodb", "secretsmanager", "logs"])
def test_tags_of_resources(account: Account, name: str, service: str) -> None:
    pairs = [{"Key": "team", "Value": "data"}]
    root = account.client(service)
    action, call, arguments = {
        "iam": ("iam:GetRole", "get_role", {"RoleName": name}),
        "kms": ("kms:DescribeKey", "describe_key", {}),
        "dynamodb": ("dynamodb:DescribeTable", "describe_table", {"TableName": name}),
        "secretsmanager": ("secretsmanager:DescribeSecret", "describe_secret", {"SecretId": name}),
        "logs": ("logs:DescribeLogStreams", "describe_log_streams", {"logGroupName": name}),
    }[service]
    if service == "iam":
        account.role(name, GLUE_ROLE, Tags=pairs)
    elif service == "kms":
        tags = [{"TagKey": "team", "TagValue": "data"}]
        arguments = {"KeyId": root.create_key(Tags=tags)["KeyMetadata"]["KeyId"]}
    elif service == "dynamodb":
        table_of(account, name, Tags=pairs)
    elif service == "secretsmanager":
        root.create_secret(Name=name, SecretString="s", Tags=pairs)
    else:
        root.create_log_group(logGroupName=name, tags={"team": "data"})
    user = account.user(name)
    for value, expected in (("other", False), ("data", True)):
        condition = {"StringEquals": {"aws:ResourceTag/team": value}}
        user.may(allow(action, Condition=condition))
        assert allowed(getattr(user.client(service), call), **arguments) is expected


def test_the_region_of_a_request(account: Account, name: str) -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    user = account.user(name, allow("sqs:ListQueues", Condition=condition))
    user.client("sqs", "eu-west-1").list_queues()
    with refused("sqs:ListQueues"):
        user.client("sqs").list_queues()


# --- DynamoDB --------------------------------------------------------------------------------


def table_of(account: Account, name: str, **more: Any) -> None:
    account.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def test_the_leading_key_of_items(account: Account, name: str) -> None:
    table_of(account, name)
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "prod/*"}}
    user = account.user(name, allow("dynamodb:*Item*", Condition=condition))
    client = user.client("dynamodb")

    def item(key: str) -> dict[str, Any]:
        return {"LockID": {"S": key}}

    client.put_item(TableName=name, Item=item("prod/a"))
    client.get_item(TableName=name, Key=item("prod/a"))
    for refused_call in (
        lambda: client.put_item(TableName=name, Item=item("dev/a")),
        lambda: client.get_item(TableName=name, Key=item("dev/a")),
        lambda: client.delete_item(TableName=name, Key=item("dev/a")),
        lambda: client.batch_get_item(
            RequestItems={name: {"Keys": [item("prod/a"), item("dev/a")]}}
        ),
        lambda: client.transact_write_items(
            TransactItems=[{"Put": {"TableName": name, "Item": item("dev/a")}}]
        ),
    ):
        with refused():
            refused_call()
    client.transact_write_items(
        TransactItems=[{"Put": {"TableName": name, "Item": item("prod/b")}}]
    )


def test_the_leading_key_of_a_query(account: Account, name: str) -> None:
    table_of(account, name)
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "prod"}}
    user = account.user(name, allow("dynamodb:Query", Condition=condition))
    query = {
        "TableName": name,
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": "LockID"},
    }
    client = user.client("dynamodb")
    client.query(**query, ExpressionAttributeValues={":k": {"S": "prod"}})
    with refused("dynamodb:Query"):
        client.query(**query, ExpressionAttributeValues={":k": {"S": "dev"}})


def test_a_table_with_a_key_of_the_account(account: Account, name: str) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    via = {"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}
    tables = allow("dynamodb:*")
    user = account.user(name, tables)
    arguments = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    }
    client = user.client("dynamodb")
    for missing, rest in (
        ("kms:DescribeKey", ["kms:CreateGrant"]),
        ("kms:CreateGrant", ["kms:DescribeKey"]),
    ):
        user.may(tables, allow(rest, key, Condition=via))
        with refused(missing, key):
            client.create_table(**arguments)
    user.may(tables, allow(["kms:DescribeKey", "kms:CreateGrant"], key, Condition=via))
    client.create_table(**arguments)
    with refused("kms:Decrypt", key):
        client.put_item(TableName=name, Item={"a": {"S": "1"}})
    user.may(tables, allow("kms:Decrypt", key, Condition=via))
    client.put_item(TableName=name, Item={"a": {"S": "1"}})


# --- secrets and keys ------------------------------------------------------------------------


def test_a_secret_with_a_key_of_the_account(account: Account, name: str) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    secrets = allow("secretsmanager:*", f"arn:aws:secretsmanager:{R}:secret:{name}-*")
    user = account.user(name, secrets)
    client = user.client("secretsmanager")
    with refused("kms:GenerateDataKey", key):
        client.create_secret(Name=name, SecretString="s", KmsKeyId=key)
    user.may(secrets, allow(["kms:GenerateDataKey", "kms:Decrypt"], key, Condition=via))
    made = client.create_secret(Name=name, SecretString="s", KmsKeyId=key)
    assert re.fullmatch(rf".*:secret:{name}-\w{{6}}", made["ARN"])
    client.get_secret_value(SecretId=name)
    user.may(secrets)
    for secret_id in (name, made["ARN"]):
        with refused("kms:Decrypt", key):
            client.get_secret_value(SecretId=secret_id)
    with refused("kms:GenerateDataKey"):
        client.put_secret_value(SecretId=name, SecretString="t")


def test_the_policy_of_a_secret_can_allow(account: Account, name: str) -> None:
    user = account.user(name)
    root = account.client("secretsmanager")
    root.create_secret(Name=name, SecretString="s")
    with refused("secretsmanager:GetSecretValue"):
        user.client("secretsmanager").get_secret_value(SecretId=name)
    document = {
        "Version": "2012-10-17",
        "Statement": [{**allow("secretsmanager:GetSecretValue"), "Principal": {"AWS": user.arn}}],
    }
    root.put_resource_policy(SecretId=name, ResourcePolicy=json.dumps(document))
    user.client("secretsmanager").get_secret_value(SecretId=name)


def test_a_key_policy_without_the_account_makes_iam_worthless(account: Account, name: str) -> None:
    user = account.user(name, allow("kms:*"))
    other = account.user(f"{name}-other")
    document = {
        "Version": "2012-10-17",
        "Statement": [{**allow("kms:*"), "Principal": {"AWS": other.arn}}],
    }
    key = account.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["KeyId"]
    with refused("no resource-based policy allows the kms:Encrypt action", f":key/{key}"):
        user.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    other.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    delegating = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
    user.client("kms").encrypt(KeyId=delegating, Plaintext=b"x")
    with refused("no identity-based policy"):
        other.client("kms").encrypt(KeyId=delegating, Plaintext=b"x")


def test_a_key_is_found_by_alias_and_by_what_it_encrypted(account: Account, name: str) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    blob = kms.encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    user = account.user(name, allow("kms:Encrypt", key["Arn"]))
    mine = user.client("kms")
    mine.encrypt(KeyId=alias, Plaintext=b"x")
    with refused("kms:Decrypt", key["Arn"]):
        mine.decrypt(CiphertextBlob=blob)
    user.may(allow("kms:Decrypt", key["Arn"]))
    assert mine.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with refused("kms:DeleteAlias"):
        mine.delete_alias(AliasName=alias)
    alias_arn = f"arn:aws:kms:{R}:{alias}"
    user.may(allow("kms:DeleteAlias", [alias_arn, key["Arn"]]))
    mine.delete_alias(AliasName=alias)
