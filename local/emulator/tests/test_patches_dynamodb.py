"""DynamoDB as a place for locks: conditions hold whoever else writes at the same time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from emulator_process import Endpoint
from tarn_emulator.patches.dynamodb import one_at_a_time


def lock_table(emulator: Endpoint, name: str) -> Any:
    """A table such as a lock lives in."""
    dynamodb = emulator.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def test_a_lost_condition_shows_who_won(emulator: Endpoint, name: str) -> None:
    dynamodb = lock_table(emulator, name)
    item = {"LockID": {"S": "a"}, "until": {"N": "10"}}
    condition = {
        "ConditionExpression": "attribute_not_exists(LockID) OR #until < :now",
        "ExpressionAttributeNames": {"#until": "until"},
        "ExpressionAttributeValues": {":now": {"N": "5"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    dynamodb.put_item(TableName=name, Item=item, **condition)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.put_item(TableName=name, Item={**item, "until": {"N": "11"}}, **condition)
    assert caught.value.response["Item"] == item
    update = {
        **condition,
        "UpdateExpression": "SET #until = :later",
        "ExpressionAttributeValues": {":now": {"N": "5"}, ":later": {"N": "12"}},
    }
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.update_item(TableName=name, Key={"LockID": {"S": "a"}}, **update)
    assert caught.value.response["Item"] == item
    update["ExpressionAttributeValues"] = {":now": {"N": "11"}, ":later": {"N": "12"}}
    dynamodb.update_item(TableName=name, Key={"LockID": {"S": "a"}}, **update)


def test_of_many_who_take_a_lock_one_gets_it(emulator: Endpoint, name: str) -> None:
    dynamodb = lock_table(emulator, name)
    rounds, threads = 20, 16

    def take(barrier: threading.Barrier, lock: str, who: int) -> bool:
        barrier.wait()
        try:
            dynamodb.put_item(
                TableName=name,
                Item={"LockID": {"S": lock}, "who": {"N": str(who)}},
                ConditionExpression="attribute_not_exists(LockID)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        for number in range(rounds):
            barrier = threading.Barrier(threads)
            calls = [pool.submit(take, barrier, str(number), who) for who in range(threads)]
            winners = [who for who, call in enumerate(calls) if call.result()]
            assert len(winners) == 1
            item = dynamodb.get_item(TableName=name, Key={"LockID": {"S": str(number)}})["Item"]
            assert item["who"]["N"] == str(winners[0])


def test_no_update_is_lost(emulator: Endpoint, name: str) -> None:
    dynamodb = lock_table(emulator, name)
    key = {"LockID": {"S": "counter"}}

    def count(_: int) -> None:
        dynamodb.update_item(
            TableName=name,
            Key=key,
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(count, range(200)))
    assert dynamodb.get_item(TableName=name, Key=key)["Item"]["n"]["N"] == "200"


def test_calls_that_write_are_served_one_at_a_time() -> None:
    """The races above may be won by luck; this one is sure to be lost without the lock."""
    inside: list[int] = []
    most = []

    def slow(_: Any) -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one_at_a_time(slow, None), range(8)))
    assert max(most) == 1
