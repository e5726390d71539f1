"""The policy evaluator: tables of what AWS documents for each operator and element."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tarn_emulator.policy import condition, document
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.evaluate import Effect, Request, evaluate
from tarn_emulator.policy.principal import Caller

WHO = "aws:PrincipalArn"
PREFIX = "s3:prefix"
ROLE = "arn:aws:iam::123456789012:role/reader"
SESSION = "arn:aws:sts::123456789012:assumed-role/reader/run1"
CALLER = Caller(account="123456789012", arns=(SESSION, ROLE), kind="AssumedRole")
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
SSE = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("block", "values", "expected"),
    [
        # Strings
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"k": "AbC"}}, {"k": "aBc"}, True),
        ({"StringNotEqualsIgnoreCase": {"k": "AbC"}}, {"k": "aBc"}, False),
        ({"StringLike": {"k": "a?c*"}}, {"k": "abcdef"}, True),
        ({"StringLike": {"k": "a?c"}}, {"k": "ac"}, False),
        ({"StringLike": {"k": "a.c"}}, {"k": "abc"}, False),
        ({"StringNotLike": {"k": "a*"}}, {"k": "abc"}, False),
        ({"StringNotLike": {"k": "a*"}}, {}, True),
        # The name of a key ignores case.
        ({"Bool": {"AWS:securetransport": "false"}}, {"aws:SecureTransport": "false"}, True),
        # Booleans
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"BoolIfExists": {"aws:SecureTransport": "false"}}, {}, True),
        # Null: true means that the key must be absent.
        ({"Null": {SSE: "true"}}, {}, True),
        ({"Null": {SSE: "true"}}, {SSE: "aws:kms"}, False),
        ({"Null": {SSE: True}}, {}, True),
        ({"Null": {SSE: "false"}}, {}, False),
        ({"Null": {SSE: "false"}}, {SSE: "AES256"}, True),
        # Both conditions of a block must hold: the usual deny of another key, if one is named.
        (
            {"Null": {KEY: "false"}, "StringNotEquals": {KEY: "arn:good"}},
            {KEY: "arn:bad"},
            True,
        ),
        ({"Null": {KEY: "false"}, "StringNotEquals": {KEY: "arn:good"}}, {}, False),
        (
            {"Null": {KEY: "false"}, "StringNotEquals": {KEY: "arn:good"}},
            {KEY: "arn:good"},
            False,
        ),
        # Numbers
        ({"NumericEquals": {"k": "10"}}, {"k": "10.0"}, True),
        ({"NumericNotEquals": {"k": 10}}, {"k": "11"}, True),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {"s3:TlsVersion": "1.3"}, False),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {"s3:TlsVersion": "1.1"}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
        ({"NumericGreaterThan": {"k": "10"}}, {"k": "10"}, False),
        ({"NumericGreaterThanEquals": {"k": "10"}}, {"k": "10"}, True),
        ({"NumericEquals": {"k": "10"}}, {"k": "ten"}, False),
        # Dates, as ISO 8601 or seconds
        ({"DateLessThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2025-12-31T23:59:59Z"}, True),
        ({"DateGreaterThan": {"k": "2026-01-01"}}, {"k": "2026-01-01T00:00:01Z"}, True),
        ({"DateEquals": {"k": "1970-01-01T00:00:10Z"}}, {"k": "10"}, True),
        ({"DateNotEquals": {"k": "1970-01-01T00:00:10Z"}}, {"k": "10"}, False),
        ({"DateLessThanEquals": {"k": "2026-01-01"}}, {"k": "2026-01-01T00:00:00Z"}, True),
        ({"DateGreaterThanEquals": {"k": "2026-01-01"}}, {"k": "2025-01-01T00:00:00Z"}, False),
        # Addresses
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}, {"aws:SourceIp": "127.0.0.1"}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "127.0.0.1"}, True),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, {"aws:SourceIp": "2001:db8::1"}, True),
        # ARNs: a wildcard stays inside its part
        ({"ArnLike": {WHO: "arn:aws:iam::*:role/r*"}}, {WHO: ROLE}, True),
        ({"ArnEquals": {WHO: "arn:aws:iam::*:role/r*"}}, {WHO: ROLE}, True),
        ({"ArnLike": {WHO: "arn:*:role/reader"}}, {WHO: ROLE}, False),
        ({"ArnNotLike": {WHO: "arn:aws:iam::*:role/x"}}, {WHO: ROLE}, True),
        ({"ArnNotEquals": {WHO: ROLE}}, {WHO: ROLE}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::b"}}, {}, True),
        ({"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::b"}}, {}, True),
        # Keys with several values
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, True),
        ({"ForAnyValue:StringEquals": {"k": ["c"]}}, {"k": ["a", "b"]}, False),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, False),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
        ({"ForAnyValue:StringNotEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringNotEquals": {"k": ["c"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringLike": {"k": ["a*"]}}, {"k": ["ab", "ac"]}, True),
        # Variables
        ({"StringEquals": {"k": "${aws:username}"}}, {"k": "ann", "aws:username": "ann"}, True),
        ({"StringLike": {PREFIX: "home/${aws:username}/*"}}, {PREFIX: "home/ann/x"}, False),
        (
            {"StringLike": {PREFIX: "home/${aws:username}/*"}},
            {PREFIX: "home/ann/x", "aws:username": "ann"},
            True,
        ),
        ({"StringLike": {"k": "${aws:username, 'all'}/*"}}, {"k": "all/x"}, True),
        ({"StringLike": {"k": "a${*}"}}, {"k": "a*"}, True),
        ({"StringLike": {"k": "a${*}"}}, {"k": "ab"}, False),
        # A wildcard in the value of a variable is a character.
        ({"StringLike": {"k": "${aws:username}"}}, {"k": "ann", "aws:username": "a*"}, False),
        # Tags
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, {"aws:PrincipalTag/Team": "a"}, True),
        # No condition at all
        ({}, {}, True),
    ],
)
def test_condition(block: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    assert condition.holds(block, Context(values)) is expected


def statement(**parts: Any) -> dict[str, Any]:
    base = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}
    changed = {name.removeprefix("Not") for name in parts if name.startswith("Not")}
    return {name: value for name, value in {**base, **parts}.items() if name not in changed}


def verdict(
    *statements: dict[str, Any],
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::b/a/k",
    caller: Caller = CALLER,
) -> Effect:
    parsed = document.parse(json.dumps({"Statement": list(statements)}))
    return evaluate(parsed, Request(action, resource, caller, Context({}))).effect


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, Effect.DENY),
        ({"Effect": "Allow"}, Effect.ALLOW),
        ({"Action": "s3:Get*"}, Effect.DENY),
        ({"Action": "S3:getobject"}, Effect.DENY),
        ({"Action": ["s3:PutObject", "s3:GetObject"]}, Effect.DENY),
        ({"Action": "s3:PutObject"}, Effect.SILENT),
        ({"NotAction": "s3:PutObject"}, Effect.DENY),
        ({"NotAction": ["s3:PutObject", "s3:GetObject"]}, Effect.SILENT),
        ({"Resource": "arn:aws:s3:::b/a/*"}, Effect.DENY),
        ({"Resource": "arn:aws:s3:::b"}, Effect.SILENT),
        ({"Resource": "arn:aws:s3:::b/A/*"}, Effect.SILENT),
        ({"NotResource": "arn:aws:s3:::b/open/*"}, Effect.DENY),
        ({"NotResource": ["arn:aws:s3:::b/open/*", "arn:aws:s3:::b/a/*"]}, Effect.SILENT),
        ({"Principal": {"AWS": "*"}}, Effect.DENY),
        ({"Principal": {"AWS": ROLE}}, Effect.DENY),
        ({"Principal": {"AWS": SESSION}}, Effect.DENY),
        ({"Principal": {"AWS": "123456789012"}}, Effect.DENY),
        ({"Principal": {"AWS": ["x", "arn:aws:iam::123456789012:root"]}}, Effect.DENY),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, Effect.SILENT),
        ({"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}, Effect.SILENT),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, Effect.SILENT),
        ({"NotPrincipal": {"AWS": ROLE}}, Effect.SILENT),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, Effect.DENY),
    ],
)
def test_statement(parts: dict[str, Any], expected: Effect) -> None:
    assert verdict(statement(**parts)) is expected


def test_a_deny_wins_whatever_the_order() -> None:
    allow, deny = statement(Effect="Allow"), statement()
    assert verdict(allow, deny) is verdict(deny, allow) is Effect.DENY


def test_an_anonymous_caller_is_only_everybody() -> None:
    nobody = Caller()
    assert verdict(statement(Effect="Allow"), caller=nobody) is Effect.ALLOW
    named = statement(Effect="Allow", Principal={"AWS": "arn:aws:iam::123456789012:root"})
    assert verdict(named, caller=nobody) is Effect.SILENT


def test_a_service_is_only_that_service() -> None:
    delivery = Caller(service="logging.s3.amazonaws.com", kind="Service")
    named = statement(Effect="Allow", Principal={"Service": ["logging.s3.amazonaws.com"]})
    assert verdict(named, caller=delivery) is Effect.ALLOW
    other = statement(Effect="Allow", Principal={"Service": "glue.amazonaws.com"})
    assert verdict(other, caller=delivery) is Effect.SILENT


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"Version": "2020-01-01", "Statement": []}',
        '{"Statement": 1}',
        '{"Statement": [1]}',
        json.dumps({"Statement": [statement(Effect="Maybe")]}),
        json.dumps({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}),
        json.dumps({"Statement": [{**statement(), "NotAction": "s3:*"}]}),
        json.dumps({"Statement": [statement(Action=[])]}),
        json.dumps({"Statement": [statement(Resource=1)]}),
        json.dumps({"Statement": [statement(Condition={"StringSame": {"k": "v"}})]}),
        json.dumps({"Statement": [statement(Condition={"Some:StringEquals": {"k": "v"}})]}),
        json.dumps({"Statement": [statement(Condition=["k"])]}),
        json.dumps({"Statement": [statement(Conditions={})]}),
    ],
)
def test_a_malformed_policy_is_refused(text: str) -> None:
    with pytest.raises(document.MalformedPolicyError):
        document.parse(text)


def test_a_single_statement_needs_no_list() -> None:
    assert len(document.parse(json.dumps({"Statement": statement()}))) == 1
