"""S3 Control: the tags of buckets by ARN, and the account's block of public access."""

from __future__ import annotations

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter


def checks(call: Call) -> list[Check]:
    """What a call of S3 Control needs."""
    return SERVICE.checks(call)


SERVICE = Service(
    prefix="s3",
    rules={
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceArn")),
        "GetPublicAccessBlock": Rule(everything, action="GetAccountPublicAccessBlock"),
        **each(
            "PutPublicAccessBlock DeletePublicAccessBlock",
            everything,
            action="PutAccountPublicAccessBlock",
        ),
    },
)
