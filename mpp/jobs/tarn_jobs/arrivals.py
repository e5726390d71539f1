"""Takes the messages that told of new raw files off their queue, once the files are in.

A message only says that something arrived: which files are new, the ledger knows. So a message
that is lost, late or there twice changes nothing.
"""

from dataclasses import dataclass, field
from typing import Any

import boto3

_BATCH = 10  # the most SQS gives or deletes at once
# More than this stay for the next run, rather than hold the job up.
_MOST = 10_000
# Nobody else may see them while the job runs; the most SQS allows is 12 hours.
_HIDDEN_SECONDS = 12 * 60 * 60


@dataclass
class Arrivals:
    """The messages a run has received and not deleted yet."""

    queue: str
    receipts: list[str] = field(default_factory=list)

    def receive(self) -> int:
        """Receive what is in the queue; return how many messages."""
        while self.queue and len(self.receipts) < _MOST:
            answer = self._sqs().receive_message(
                QueueUrl=self.queue,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HIDDEN_SECONDS,
                # Long polling asks all servers of the queue: an empty answer means empty.
                WaitTimeSeconds=1,
            )
            messages = answer.get("Messages") or []
            if not messages:
                break
            self.receipts.extend(message["ReceiptHandle"] for message in messages)
        return len(self.receipts)

    def delete(self) -> None:
        """Delete the messages received: their files are in the tables."""
        self._each_batch(
            lambda sqs, batch: sqs.delete_message_batch(
                QueueUrl=self.queue,
                Entries=[{"Id": str(i), "ReceiptHandle": r} for i, r in enumerate(batch)],
            )
        )

    def give_back(self) -> None:
        """Let the messages be received again at once: the run has failed."""
        self._each_batch(
            lambda sqs, batch: sqs.change_message_visibility_batch(
                QueueUrl=self.queue,
                Entries=[
                    {"Id": str(i), "ReceiptHandle": r, "VisibilityTimeout": 0}
                    for i, r in enumerate(batch)
                ],
            )
        )

    def _each_batch(self, act: Any) -> None:
        while self.receipts:
            batch, self.receipts = self.receipts[:_BATCH], self.receipts[_BATCH:]
            act(self._sqs(), batch)

    def _sqs(self) -> Any:
        return boto3.client("sqs")
