"""DynamoDB: tables and indexes, with the partition keys of the items a call touches.

A table encrypted with a key of the account needs that key in the caller's name: DescribeKey and
CreateGrant to make it, Decrypt to use its items, because DynamoDB decrypts the table's own key for
each caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID

#: What a part of a transaction is, and the action it needs.
TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def checks(call: Call) -> list[Check]:
    """What a call of DynamoDB needs."""
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        return list(_transaction(call))
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A table or index with the tags of the table."""
    table = _table_named(arn.split("/")[1], call) if "/" in arn else None
    return Resource(arn, tags.as_dict(table.tags) if table is not None else {})


def _arn(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:dynamodb:{call.region}:{ACCOUNT_ID}:table/{name}"


def _table_named(name: str, call: Call) -> Any:
    tables = dynamodb_backends[ACCOUNT_ID][call.region].tables
    return tables.get(name.split(":table/")[-1].split("/")[0])


def _table(call: Call) -> Iterable[str]:
    return (_arn(call, call.get("TableName", "*")),)


def _table_or_index(call: Call) -> Iterable[str]:
    arn = _arn(call, call.get("TableName", "*"))
    return (f"{arn}/index/{call.get('IndexName')}" if call.get("IndexName") else arn,)


def _tables_of_batch(call: Call) -> Iterable[str]:
    return [_arn(call, name) for name in call.get("RequestItems", {})]


def _leading(values: Iterable[Any]) -> dict[str, Any]:
    """The condition key for partition keys, given in DynamoDB's typed form."""
    plain = [str(next(iter(value.values()))) for value in values if value]
    return {"dynamodb:LeadingKeys": plain} if plain else {}


def _hash_key(call: Call, name: str) -> str | None:
    table = _table_named(name, call)
    return table.hash_key_attr if table is not None else None


def _key_of_item(call: Call, name: str, item: Mapping[str, Any]) -> Any:
    return item.get(_hash_key(call, name) or "")


def _item_keys(call: Call) -> Mapping[str, Any]:
    item = call.get("Key") or call.get("Item", {})
    found = _leading([_key_of_item(call, call.get("TableName", ""), item)])
    return {**found, "dynamodb:ReturnValues": call.get("ReturnValues")}


def _query_keys(call: Call) -> Mapping[str, Any]:
    """The partition key of a query: the value its condition compares the key with."""
    names = call.get("ExpressionAttributeNames", {})
    values = call.get("ExpressionAttributeValues", {})
    attribute = _hash_key(call, call.get("TableName", ""))
    if call.get("IndexName"):
        attribute = _index_key(call) or attribute
    condition = call.get("KeyConditionExpression", "")
    for left, right in re.findall(r"([#\w.-]+)\s*=\s*(:\w+)", condition):
        if names.get(left, left) == attribute and right in values:
            return {**_leading([values[right]]), **_selection(call)}
    return _selection(call)


def _index_key(call: Call) -> str | None:
    table = _table_named(call.get("TableName", ""), call)
    for index in [*table.indexes, *table.global_indexes] if table is not None else []:
        if index.name == call.get("IndexName"):
            return next((key["AttributeName"] for key in index.schema), None)
    return None


def _selection(call: Call) -> Mapping[str, Any]:
    return {"dynamodb:Select": call.get("Select")}


def _batch_keys(call: Call) -> Mapping[str, Any]:
    found = []
    for name, wanted in call.get("RequestItems", {}).items():
        if isinstance(wanted, Mapping):
            items = wanted.get("Keys", [])
        else:
            items = [
                entry.get("PutRequest", {}).get("Item") or entry.get("DeleteRequest", {}).get("Key")
                for entry in wanted
            ]
        found += [_key_of_item(call, name, item or {}) for item in items]
    return _leading(found)


def _transaction(call: Call) -> Iterable[Check]:
    for entry in call.get("TransactItems", ()):
        for kind, part in entry.items():
            name = part.get("TableName", "")
            item = part.get("Key") or part.get("Item") or {}
            keys = {
                **_leading([_key_of_item(call, name, item)]),
                "dynamodb:EnclosingOperation": call.operation,
            }
            table = resource(_arn(call, name), call)
            yield Check(f"dynamodb:{TRANSACTION_ACTIONS[kind]}", (table,), keys)
            yield from _decryption(call, [name])


def _key_for_table(call: Call) -> Iterable[Check]:
    """The key named for a table that is made, or that gets another one."""
    key = call.get("SSESpecification", {}).get("KMSMasterKeyId")
    context = {
        "aws:dynamodb:tableName": call.get("TableName", ""),
        "aws:dynamodb:subscriberId": ACCOUNT_ID,
    }
    for check in kms.use(call, key, "DescribeKey CreateGrant", "dynamodb", context):
        yield Check(
            check.action,
            check.resources,
            {**check.keys, "kms:GrantIsForAWSResource": "true"},
            implied=True,
        )


def _decryption(call: Call, names: Iterable[str]) -> Iterable[Check]:
    for name in names:
        table = _table_named(name, call)
        key = (table.sse_specification or {}).get("KMSMasterKeyId") if table is not None else None
        context = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": ACCOUNT_ID}
        yield from kms.use(call, key, "Decrypt", "dynamodb", context)


def _decrypts_table(call: Call) -> Iterable[Check]:
    return _decryption(call, [call.get("TableName", "")])


def _decrypts_tables(call: Call) -> Iterable[Check]:
    return _decryption(call, call.get("RequestItems", {}))


SERVICE = Service(
    prefix="dynamodb",
    resource=resource,
    tag_action="TagResource",
    rules={
        **each("CreateTable UpdateTable", _table, also=(_key_for_table,)),
        **each(
            "DescribeTable DeleteTable DescribeTimeToLive UpdateTimeToLive"
            " DescribeContinuousBackups UpdateContinuousBackups CreateBackup"
            " DescribeKinesisStreamingDestination DescribeContributorInsights",
            _table,
        ),
        **each(
            "GetItem PutItem UpdateItem DeleteItem",
            _table,
            keys=_item_keys,
            also=(_decrypts_table,),
        ),
        "Query": Rule(_table_or_index, keys=_query_keys, also=(_decrypts_table,)),
        "Scan": Rule(_table_or_index, keys=_selection, also=(_decrypts_table,)),
        **each(
            "BatchGetItem BatchWriteItem",
            _tables_of_batch,
            keys=_batch_keys,
            also=(_decrypts_tables,),
        ),
        **each(
            "TagResource UntagResource ListTagsOfResource GetResourcePolicy PutResourcePolicy"
            " DeleteResourcePolicy",
            parameter("ResourceArn"),
        ),
        **each("ListTables DescribeLimits DescribeEndpoints", everything),
    },
)
