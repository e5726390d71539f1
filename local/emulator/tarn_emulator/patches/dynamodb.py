"""DynamoDB.

| what | kind | why |
|---|---|---|
| every call that writes items | extends | upstream looks at the condition and then writes, with |
| | | nothing between two threads, so that both could win a lock |

One lock for all tables: a transaction of upstream copies whole tables and puts the copies back when
it fails, which would undo what another thread wrote meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.dynamodb.responses import DynamoHandler

from tarn_emulator.patches.registry import extends

_writing = threading.RLock()

WRITES = (
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "ExecuteTransaction",
    "BatchExecuteStatement",
    "DeleteTable",
)


def one_at_a_time(upstream: Callable[..., Any], self: DynamoHandler) -> Any:
    """Serve a call while no other one writes."""
    with _writing:
        return upstream(self)


for _operation in WRITES:
    extends("dynamodb", _operation, reason="two conditional writes at once could both succeed")(
        one_at_a_time
    )
