"""S3 event notifications.

| what | kind | why |
|---|---|---|
| GetBucketNotificationConfiguration | replaces | the EventBridge flag was stored, not returned |
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.s3.responses import S3Response

from tarn_emulator.patches.registry import replaces


@replaces(
    "s3",
    "GetBucketNotificationConfiguration",
    reason="the EventBridge flag was not returned, which is a difference at every deployment",
    attribute="get_bucket_notification",
)
def get_bucket_notification(self: S3Response) -> Any:
    """The configuration with its EventBridge flag."""
    self.data["Action"] = "GetBucketNotificationConfiguration"
    stored = self.backend.get_bucket_notification_configuration(self.bucket_name)
    if not stored:
        return self.serialized(EmptyResult())
    result: dict[str, Any] = {
        "TopicConfigurations": [_target(one, "TopicArn") for one in stored.topic],
        "QueueConfigurations": [_target(one, "QueueArn") for one in stored.queue],
        "LambdaFunctionConfigurations": [
            _target(one, "LambdaFunctionArn") for one in stored.cloud_function
        ],
    }
    if stored.event_bridge is not None:
        result["EventBridgeConfiguration"] = {}
    return self.serialized(ActionResult(result))


def _target(notification: Any, arn_name: str) -> dict[str, Any]:
    shaped = {"Id": notification.id, arn_name: notification.arn, "Events": notification.events}
    if notification.filters:
        shaped["Filter"] = {"Key": {"FilterRules": notification.filters["S3Key"]["FilterRule"]}}
    return shaped
