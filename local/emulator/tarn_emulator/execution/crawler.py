"""Crawls: what StartCrawler starts. Reads the crawler's S3 targets, writes Glue tables."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException

from . import events, icebergcrawl, schema, tableinput
from .grouping import DataFile, FoundTable, Policy, find_tables
from .logs import CRAWLER_LOGS, LogStream, crawler_group
from .runtime import RoleRefused, Runtime, now, split_s3

DEFAULT_UPDATE = "UPDATE_IN_DATABASE"
DEFAULT_DELETE = "DEPRECATE_IN_DATABASE"
NEW_FOLDERS_ONLY = "CRAWL_NEW_FOLDERS_ONLY"
# What a run of a crawl is called in a workflow and in LastCrawl, by its name in ListCrawls.
WORKFLOW_STATE = {
    "RUNNING": "RUNNING",
    "STOPPING": "CANCELLING",
    "COMPLETED": "SUCCEEDED",
    "STOPPED": "CANCELLED",
    "FAILED": "FAILED",
}


class CrawlFailed(RuntimeError):
    """The crawl cannot go on; the message becomes LastCrawl's ErrorMessage."""


class _Stopped(Exception):
    pass


@dataclass
class Crawl:
    """One run of a crawler. Lives in moto's list of the crawler."""

    crawler_name: str
    crawl_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "RUNNING"
    error: str | None = None
    start_time: datetime = field(default_factory=now)
    end_time: datetime | None = None
    seconds: float = 0.0
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    partitions_added: int = 0
    log_group: str = CRAWLER_LOGS
    # moto asks a crawl for these names.
    dpu_hour: float = 0.0

    @property
    def log_stream(self) -> str:
        """Glue writes the log of every crawl of a crawler into one stream."""
        return self.crawler_name

    @property
    def message_prefix(self) -> str:
        """What each line of this crawl in the shared log stream begins with."""
        return self.crawl_id

    def advance(self) -> None:
        """Do nothing: moto would move its pretended crawl on here; this one moves itself."""

    def as_dict(self) -> dict[str, Any]:
        """Return the crawl as ListCrawls answers it."""
        answer: dict[str, Any] = {
            "CrawlId": self.crawl_id,
            "State": "RUNNING" if self.status == "STOPPING" else self.status,
            "StartTime": self.start_time,
            "DPUHour": self.dpu_hour,
            "LogGroup": self.log_group,
            "LogStream": self.log_stream,
            "MessagePrefix": self.message_prefix,
            "Summary": json.dumps(
                {
                    "TABLE": {
                        "ADD": len(self.created),
                        "UPDATE": len(self.updated),
                        "DELETE": len(self.deleted),
                    },
                    "PARTITION": {"ADD": self.partitions_added},
                }
            ),
        }
        if self.end_time:
            answer["EndTime"] = self.end_time
        if self.error:
            answer["ErrorMessage"] = self.error
        return answer

    def last_crawl(self) -> dict[str, Any]:
        """Return the crawl as GetCrawler's LastCrawl."""
        answer = {
            "Status": WORKFLOW_STATE[self.status],
            "LogGroup": self.log_group,
            "LogStream": self.log_stream,
            "MessagePrefix": self.message_prefix,
            "StartTime": self.start_time,
        }
        if self.error:
            answer["ErrorMessage"] = self.error
        return answer


class CrawlerRunner:
    """Starts crawls, and tells who waits for their end."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._on_finished: list[Callable[[Any, Crawl], None]] = []

    def when_finished(self, callback: Callable[[Any, Crawl], None]) -> None:
        """Call ``callback`` with crawler and crawl after each end."""
        self._on_finished.append(callback)

    def start(self, crawler: Any) -> Crawl:
        """Start a crawl of a moto crawler; raise CrawlerRunningException as Glue does."""
        with self._runtime.lock:
            if crawler.crawls and crawler.crawls[-1].status in ("RUNNING", "STOPPING"):
                raise CrawlerRunningException(
                    f"Crawler with name {crawler.name} has already started"
                )
            group = crawler_group(crawler.crawler_security_configuration, str(crawler.role))
            crawl = Crawl(crawler.name, log_group=group)
            crawler.crawls.append(crawl)
        threading.Thread(
            target=self._follow, args=(crawler, crawl), name=f"crawl-{crawler.name}", daemon=True
        ).start()
        return crawl

    def stop(self, crawler: Any) -> None:
        """Stop the running crawl at the next object."""
        with self._runtime.lock:
            if not crawler.crawls or crawler.crawls[-1].status != "RUNNING":
                raise CrawlerNotRunningException(f"Crawler with name {crawler.name} isn't running")
            crawler.crawls[-1].status = "STOPPING"

    def _follow(self, crawler: Any, crawl: Crawl) -> None:
        began = time.monotonic()
        events.crawler_state_change(self._runtime, crawler.name, "Started", "Crawl started")
        try:
            _Crawling(self._runtime, crawler, crawl).run()
            state = "COMPLETED"
        except _Stopped:
            state = "STOPPED"
        except (CrawlFailed, RoleRefused, ClientError, BotoCoreError) as error:
            state, crawl.error = "FAILED", str(error)
        except Exception as error:  # a crawl must end whatever goes wrong in here
            traceback.print_exc(file=sys.stderr)
            state, crawl.error = "FAILED", f"Internal error of the emulator: {error}"
        with self._runtime.lock:
            crawl.seconds = time.monotonic() - began
            crawl.end_time = now()
            crawl.status = state
        events.crawler_state_change(
            self._runtime,
            crawler.name,
            "Failed" if state == "FAILED" else "Succeeded",
            crawl.error or f"Crawl {state.lower()}",
        )
        for callback in self._on_finished:
            callback(crawler, crawl)


def describe(crawler: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """Return moto's description of a crawler with state, elapsed time and last crawl real."""
    answer = dict(answer)
    answer.pop("LastCrawl", None)
    ended = [crawl for crawl in crawler.crawls if crawl.end_time]
    if ended:
        answer["LastCrawl"] = ended[-1].last_crawl()
    running = crawler.crawls and crawler.crawls[-1].end_time is None
    answer["CrawlElapsedTime"] = 0
    if running:
        elapsed = (now() - crawler.crawls[-1].start_time).total_seconds()
        answer["CrawlElapsedTime"] = round(elapsed * 1000)
    return answer


def metrics(crawlers: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the CrawlerMetricsList of GetCrawlerMetrics."""
    result = []
    for crawler in crawlers:
        ended = [crawl for crawl in crawler.crawls if crawl.end_time]
        seconds = [crawl.seconds for crawl in ended]
        last = ended[-1] if ended else None
        result.append(
            {
                "CrawlerName": crawler.name,
                "TimeLeftSeconds": 0.0,
                "StillEstimating": False,
                "LastRuntimeSeconds": round(seconds[-1], 3) if seconds else 0.0,
                "MedianRuntimeSeconds": round(statistics.median(seconds), 3) if seconds else 0.0,
                "TablesCreated": len(last.created) if last else 0,
                "TablesUpdated": len(last.updated) if last else 0,
                "TablesDeleted": len(last.deleted) if last else 0,
            }
        )
    return result


@dataclass(frozen=True)
class _Options:
    """The behaviour a crawler is configured with."""

    update: str
    delete: str
    recrawl: str
    merge_new_columns: bool
    inherit_from_table: bool
    grouping: Policy

    @classmethod
    def of(cls, crawler: Any) -> _Options:
        change = crawler.schema_change_policy or {}
        raw = crawler.configuration or "{}"
        configuration = json.loads(raw) if isinstance(raw, str) else raw
        output = configuration.get("CrawlerOutput", {})
        grouping = configuration.get("Grouping", {})
        level = grouping.get("TableLevelConfiguration")
        return cls(
            update=change.get("UpdateBehavior", DEFAULT_UPDATE),
            delete=change.get("DeleteBehavior", DEFAULT_DELETE),
            recrawl=(crawler.recrawl_policy or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING"),
            merge_new_columns=output.get("Tables", {}).get("AddOrUpdateBehavior")
            == "MergeNewColumns",
            inherit_from_table=output.get("Partitions", {}).get("AddOrUpdateBehavior")
            == "InheritFromTable",
            grouping=Policy(
                combine=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
                table_level=int(level) if level else None,
            ),
        )


class _Crawling:
    """The work of one crawl."""

    def __init__(self, runtime: Runtime, crawler: Any, crawl: Crawl) -> None:
        self._crawler = crawler
        self._crawl = crawl
        self._options = _Options.of(crawler)
        credentials = runtime.credentials_of(
            crawler.role, "AWSGlueCrawler", f"crawler/{crawler.name}"
        )
        self._s3 = runtime.new_client("s3", credentials)
        self._glue = runtime.new_client("glue", credentials)
        self._log = LogStream(runtime.client("logs"), crawl.log_group, crawl.log_stream)

    def run(self) -> None:
        """Crawl every target and apply what was found."""
        try:
            self._say("BENCHMARK", f"Running Start Crawl for Crawler {self._crawler.name}")
            self._crawl_all()
            self._say(
                "BENCHMARK",
                f"Finished: {len(self._crawl.created)} tables created, "
                f"{len(self._crawl.updated)} updated, {len(self._crawl.deleted)} deleted, "
                f"{self._crawl.partitions_added} partitions added",
            )
        except (CrawlFailed, ClientError, BotoCoreError) as error:
            self._say("ERROR", str(error))
            raise
        finally:
            self._log.close()

    def _crawl_all(self) -> None:
        targets = {kind: found for kind, found in (self._crawler.targets or {}).items() if found}
        others = sorted(set(targets) - {"S3Targets", "IcebergTargets"})
        if others:
            raise CrawlFailed(f"targets {', '.join(others)} cannot be crawled locally")
        if not self._crawler.database_name:
            raise CrawlFailed("the crawler has no DatabaseName")
        present: set[str] = set()
        for target in targets.get("S3Targets", []):
            bucket, root = split_s3(target["Path"])
            files = self._files(bucket, root, target.get("Exclusions") or [])
            if root and not root.endswith("/") and [file.key for file in files] != [root]:
                root += "/"
            for found in find_tables(bucket, root, files, self._options.grouping):
                self._check_stop()
                present.add(self._write(bucket, found))
        for target in targets.get("IcebergTargets", []):
            for path in target["Paths"]:
                self._check_stop()
                self._crawl_iceberg(path, target.get("MaximumTraversalDepth") or 20)
        self._handle_gone(targets.get("S3Targets", []), present)

    def _crawl_iceberg(self, path: str, depth: int) -> None:
        for wanted in icebergcrawl.tables(self._s3, *split_s3(path), depth, self._crawler.name):
            name = wanted["Name"] = f"{self._crawler.table_prefix or ''}{wanted['Name']}"
            existing = self._table(name)
            if existing is None:
                self._glue.create_table(DatabaseName=self._crawler.database_name, TableInput=wanted)
                self._crawl.created.append(name)
                self._say("INFO", f"Created table {name}")
            else:
                self._update(name, existing, wanted)

    def _files(self, bucket: str, root: str, exclusions: list[str]) -> list[DataFile]:
        prefix = root
        files = []
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix
        ):
            for entry in page.get("Contents", []):
                self._check_stop()
                key = entry["Key"]
                if not _wanted(key, root, entry["Size"], exclusions):
                    continue
                found = self._classify(bucket, key, entry["Size"])
                if found is None:
                    self._say("INFO", f"Classification UNKNOWN: s3://{bucket}/{key}")
                else:
                    files.append(DataFile(key, entry["Size"], found))
        return files

    def _classify(self, bucket: str, key: str, size: int) -> schema.Schema | None:
        last = min(size, schema.SAMPLE_BYTES * 2) - 1
        body = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{last}")["Body"].read()
        if body[:4] == b"PAR1" and len(body) < size:
            # The schema of a Parquet file stands at its end.
            body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return schema.infer(key, body, size)

    # --- writing --------------------------------------------------------------------------

    def _write(self, bucket: str, found: FoundTable) -> str:
        database = self._crawler.database_name
        name = self._name_for(bucket, found)
        wanted = tableinput.table_input(found, bucket=bucket, name=name, crawler=self._crawler.name)
        existing = self._table(name)
        if existing is None:
            self._glue.create_table(DatabaseName=database, TableInput=wanted)
            self._crawl.created.append(name)
            self._say("INFO", f"Created table {name} in database {database}")
        else:
            self._update(name, existing, wanted)
        self._write_partitions(bucket, name, found)
        return name

    def _update(self, name: str, existing: dict[str, Any], wanted: dict[str, Any]) -> None:
        if self._options.recrawl == NEW_FOLDERS_ONLY:
            return
        if self._options.merge_new_columns:
            wanted = tableinput.merge_new_columns(existing, wanted)
        if not tableinput.differs(existing, wanted):
            return
        if self._options.update == "LOG" and tableinput.schema_differs(existing, wanted):
            self._say("INFO", f"Schema change of table {name} not applied (UpdateBehavior LOG)")
            return
        # A table's own parameters that no crawler writes stay.
        kept = {
            key: value
            for key, value in existing.get("Parameters", {}).items()
            if key != "DEPRECATED_BY_CRAWLER"
        }
        wanted = {**wanted, "Parameters": {**kept, **wanted["Parameters"]}}
        self._glue.update_table(DatabaseName=self._crawler.database_name, TableInput=wanted)
        self._crawl.updated.append(name)
        self._say("INFO", f"Updated table {name}")

    def _write_partitions(self, bucket: str, name: str, found: FoundTable) -> None:
        if not found.partition_keys:
            return
        database = self._crawler.database_name
        known = {
            tuple(partition["Values"]): partition
            for page in self._glue.get_paginator("get_partitions").paginate(
                DatabaseName=database, TableName=name
            )
            for partition in page["Partitions"]
        }
        new = []
        for partition in found.partitions:
            wanted = tableinput.partition_input(
                partition,
                found,
                bucket=bucket,
                crawler=self._crawler.name,
                inherit=self._options.inherit_from_table,
            )
            existing = known.pop(partition.values, None)
            if existing is None:
                new.append(wanted)
            elif (
                self._options.recrawl != NEW_FOLDERS_ONLY
                and self._options.update != "LOG"
                and tableinput.differs(existing, wanted)
            ):
                self._glue.update_partition(
                    DatabaseName=database,
                    TableName=name,
                    PartitionValueList=list(partition.values),
                    PartitionInput=wanted,
                )
        for start in range(0, len(new), 100):
            answer = self._glue.batch_create_partition(
                DatabaseName=database, TableName=name, PartitionInputList=new[start : start + 100]
            )
            if answer.get("Errors"):
                raise CrawlFailed(f"partitions of {name}: {answer['Errors'][0]}")
        self._crawl.partitions_added += len(new)
        if known and self._options.delete == "DELETE_FROM_DATABASE":
            for values in known:
                self._glue.delete_partition(
                    DatabaseName=database, TableName=name, PartitionValues=list(values)
                )

    def _handle_gone(self, targets: list[dict[str, Any]], present: set[str]) -> None:
        """Apply DeleteBehavior to this crawler's tables whose data is no longer there."""
        if self._options.recrawl == NEW_FOLDERS_ONLY:
            return
        database = self._crawler.database_name
        roots = tuple(target["Path"].rstrip("/") + "/" for target in targets)
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=database)
        for table in [table for page in pages for table in page["TableList"]]:
            name = table["Name"]
            parameters = table.get("Parameters", {})
            location = table.get("StorageDescriptor", {}).get("Location", "").rstrip("/") + "/"
            if (
                name in present
                or parameters.get("UPDATED_BY_CRAWLER") != self._crawler.name
                or not location.startswith(roots)
            ):
                continue
            if self._options.delete == "DELETE_FROM_DATABASE":
                self._glue.delete_table(DatabaseName=database, Name=name)
                self._crawl.deleted.append(name)
                self._say("INFO", f"Deleted table {name}: no data in {location}")
            elif self._options.delete == "DEPRECATE_IN_DATABASE":
                if "DEPRECATED_BY_CRAWLER" not in parameters:
                    parameters = {
                        **parameters,
                        "DEPRECATED_BY_CRAWLER": str(round(time.time() * 1000)),
                    }
                    self._glue.update_table(
                        DatabaseName=database,
                        TableInput={**_as_input(table), "Parameters": parameters},
                    )
                    self._crawl.updated.append(name)
                    self._say("INFO", f"Deprecated table {name}: no data in {location}")
            else:
                self._say("INFO", f"Table {name} has no data in {location} (DeleteBehavior LOG)")

    def _name_for(self, bucket: str, found: FoundTable) -> str:
        """Return the table's name; a name taken by another location gets a hash, as on AWS."""
        name = f"{self._crawler.table_prefix or ''}{found.name}".lower()
        location = f"s3://{bucket}/{found.prefix}"
        existing = self._table(name)
        if existing is not None:
            there = existing.get("StorageDescriptor", {}).get("Location", "")
            if there.rstrip("/") != location.rstrip("/"):
                return f"{name}_{hashlib.sha256(location.encode()).hexdigest()[:32]}"
        return name

    def _table(self, name: str) -> dict[str, Any] | None:
        try:
            return self._glue.get_table(DatabaseName=self._crawler.database_name, Name=name)[
                "Table"
            ]
        except self._glue.exceptions.EntityNotFoundException as error:
            if "Table" not in str(error):
                raise CrawlFailed(str(error)) from error
            return None

    def _check_stop(self) -> None:
        if self._crawl.status == "STOPPING":
            raise _Stopped

    def _say(self, level: str, message: str) -> None:
        self._log.write(f"[{self._crawl.crawl_id}] {level} : {message}")


_INPUT_KEYS = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)


def _as_input(table: dict[str, Any]) -> dict[str, Any]:
    return {key: table[key] for key in _INPUT_KEYS if key in table}


def _wanted(key: str, root: str, size: int, exclusions: list[str]) -> bool:
    inside = key.removeprefix(root).lstrip("/")
    if root and not root.endswith("/") and key != root and not key.startswith(root + "/"):
        return False
    if size == 0 or any(part.startswith(("_", ".")) for part in inside.split("/")):
        return False
    return not any(excluded(inside, pattern) for pattern in exclusions)


def excluded(path: str, pattern: str) -> bool:
    """Return whether an exclusion pattern of an S3 target covers ``path``.

    ``*`` and ``?`` stay inside a folder, ``**`` crosses folders, as in Glue's globs.
    """
    return _glob(pattern.lstrip("/")).fullmatch(path) is not None


def _glob(pattern: str) -> re.Pattern[str]:
    translated = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.split(r"(\*\*|[*?{},])", pattern)
    in_braces = "{" in pattern
    expression = "".join(
        translated[part]
        if part in translated and (part not in "{}," or in_braces)
        else re.escape(part)
        for part in parts
    )
    return re.compile(expression)
