"""Text objects (manifest, report) and lists of files in S3 or, for tests, in the file system.

boto3 rather than Hadoop's file system through Spark: a report must also be written when Spark
did not start, boto3 honours AWS_ENDPOINT_URL by itself, and no private JVM gateway is needed.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import boto3

from tarn_jobs.errors import JobError


def read_text(uri: str) -> str:
    """Return the object at s3://bucket/key or file:///path as text."""
    bucket, path = _locate(uri)
    if bucket is None:
        return Path(path).read_text(encoding="utf-8")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=path)["Body"]
    return body.read().decode("utf-8")


def write_text(uri: str, text: str, content_type: str = "application/json") -> None:
    """Write text to s3://bucket/key or file:///path, replacing what is there."""
    bucket, path = _locate(uri)
    if bucket is None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        return
    boto3.client("s3").put_object(
        Bucket=bucket, Key=path, Body=text.encode("utf-8"), ContentType=content_type
    )


def list_files(folder: str) -> Iterator[tuple[str, int, datetime]]:
    """Yield path, size and modification time of every file below s3://… or file:///…"""
    bucket, path = _locate(folder)
    if bucket is None:
        for root, _, names in os.walk(path):
            for name in names:
                status = os.stat(full := os.path.join(root, name))
                # Not fromtimestamp: a float has not enough digits for microseconds.
                modified = datetime.fromtimestamp(status.st_mtime_ns // 10**9, UTC)
                micros = status.st_mtime_ns % 10**9 // 1000
                yield f"file://{full}", status.st_size, modified.replace(microsecond=micros)
        return
    prefix = path.rstrip("/") + "/"
    pages = boto3.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents") or []:
            if not entry["Key"].endswith("/"):  # what the console makes for a folder
                yield f"s3://{bucket}/{entry['Key']}", entry["Size"], entry["LastModified"]


def _locate(uri: str) -> tuple[str | None, str]:
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc and parts.path.strip("/"):
        return parts.netloc, parts.path.lstrip("/")
    if parts.scheme == "file":
        return None, unquote(parts.path)
    raise JobError(f"{uri}: expected s3://bucket/key or file:///path")
