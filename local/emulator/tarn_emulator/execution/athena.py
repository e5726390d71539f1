"""Athena query executions: queued, run in a thread, result written to S3."""

from __future__ import annotations

import sys
import threading
import time
import traceback
import uuid
from dataclasses import dataclass, field
from typing import Any

import duckdb
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import JsonRESTError

from .resultset import ResultSet
from .runtime import Runtime, split_s3
from .sql import QueryFailed, Statement
from .tablesource import TableNotReadable, TableSource

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
PRIMARY = "primary"
# A query that holds many rows in memory must not meet a second one on a laptop.
PARALLEL_QUERIES = 2
DDL_WORDS = ("ALTER", "CREATE", "DESC", "DROP", "MSCK", "SHOW")


class InvalidRequest(JsonRESTError):
    """A call that Athena refuses."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


@dataclass
class Execution:
    """One query execution. Lives in moto's dictionary of executions."""

    query: str
    context: dict[str, Any]
    workgroup: Any
    config: dict[str, Any]
    parameters: list[str] | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    began: float | None = None
    completed: float | None = None
    scanned_bytes: int = 0
    result: ResultSet = field(default_factory=ResultSet)
    statement: Statement | None = None

    @property
    def statement_type(self) -> str:
        """DDL, DML or UTILITY as Athena sorts statements."""
        first = (self.query.split() or [""])[0].upper()
        if first in ("SHOW", "DESCRIBE", "DESC", "EXPLAIN"):
            return "UTILITY"
        return "DDL" if first.startswith(DDL_WORDS) else "DML"

    def stop(self) -> None:
        """Cancel; a query that has ended stays as it is."""
        if self.status in ENDED:
            return
        self.status = "CANCELLED"
        self.completed = time.time()
        self.reason = "Query cancelled by user"
        if self.statement is not None:
            self.statement.interrupt()

    def results(self, limit: int | None, token: str | None) -> dict[str, Any]:
        """Return a page of the result, or refuse as Athena does."""
        if self.status in ("QUEUED", "RUNNING"):
            raise InvalidRequest(f"Query has not yet finished. Current state: {self.status}")
        if self.status != "SUCCEEDED":
            raise InvalidRequest(
                f"Query did not finish successfully. Final query state: {self.status}"
            )
        return self.result.page(limit, token)

    def as_dict(self) -> dict[str, Any]:
        """Return the execution as GetQueryExecution answers it."""
        end = self.completed or time.time()
        began = self.began or end
        status: dict[str, Any] = {"State": self.status, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.status == "FAILED":
            status["AthenaError"] = {
                # 2: the query itself; what fails in the service would be 1.
                "ErrorCategory": 2,
                "ErrorType": 1006,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        answer = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            "ResultConfiguration": self.config,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": round((end - began) * 1000),
                "DataScannedInBytes": self.scanned_bytes,
                "TotalExecutionTimeInMillis": round((end - self.submitted) * 1000),
                "QueryQueueTimeInMillis": round((began - self.submitted) * 1000),
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": self.workgroup.name,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.parameters:
            answer["ExecutionParameters"] = self.parameters
        return answer


class AthenaRunner:
    """Starts query executions."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._slots = threading.Semaphore(PARALLEL_QUERIES)
        self._running: dict[str, Execution] = {}

    def start(self, backend: Any, request: dict[str, Any]) -> Execution:
        """Start a query from a StartQueryExecution request."""
        workgroup = backend.work_groups.get(request.get("WorkGroup") or PRIMARY)
        if workgroup is None:
            raise InvalidRequest(f"WorkGroup {request.get('WorkGroup')} is not found.")
        if workgroup.state == "DISABLED":
            raise InvalidRequest(f"WorkGroup {workgroup.name} is disabled.")
        config = result_configuration(workgroup.configuration, request)
        execution = Execution(
            query=request.get("QueryString") or "",
            context=request.get("QueryExecutionContext") or {},
            workgroup=workgroup,
            config=config,
            parameters=request.get("ExecutionParameters"),
        )
        suffix = ".csv" if execution.statement_type == "DML" else ".txt"
        config["OutputLocation"] = config["OutputLocation"].rstrip("/") + f"/{execution.id}{suffix}"
        backend.executions[execution.id] = execution
        threading.Thread(target=self._follow, args=(execution,), daemon=True).start()
        return execution

    def get(self, backend: Any, execution_id: str | None) -> Execution:
        """Return an execution of a moto Athena backend."""
        found = backend.executions.get(execution_id)
        if found is None:
            raise InvalidRequest(f"QueryExecution {execution_id} was not found")
        return found

    def close(self) -> None:
        """Cancel what runs."""
        for execution in list(self._running.values()):
            execution.stop()

    def _follow(self, execution: Execution) -> None:
        with self._slots:
            if execution.status != "QUEUED":
                return
            execution.status, execution.began = "RUNNING", time.time()
            self._running[execution.id] = execution
            state, reason = "SUCCEEDED", None
            try:
                self._run(execution)
            except duckdb.InterruptException:
                state, reason = "CANCELLED", "Query cancelled by user"
            except (QueryFailed, TableNotReadable) as error:
                state, reason = "FAILED", str(error)
            except (ClientError, BotoCoreError) as error:
                state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}"
            except Exception as error:  # a query must end whatever goes wrong in here
                traceback.print_exc(file=sys.stderr)
                state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}"
            finally:
                self._running.pop(execution.id, None)
            if execution.status not in ENDED:
                execution.completed, execution.reason = time.time(), reason
                execution.status = state

    def _run(self, execution: Execution) -> None:
        statement = Statement(
            execution.query,
            database=(execution.context.get("Database") or "default").lower(),
            parameters=execution.parameters or (),
        )
        execution.statement = statement
        try:
            result = statement.run(TableSource(self._runtime), self._runtime.client("glue"))
        finally:
            execution.scanned_bytes = statement.scanned_bytes
            execution.statement = None
        if execution.status == "CANCELLED":
            return
        bucket, key = split_s3(execution.config["OutputLocation"])
        encryption = {}
        wanted = execution.config.get("EncryptionConfiguration") or {}
        if wanted.get("EncryptionOption") == "SSE_KMS":
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": wanted["KmsKey"]}
        elif wanted.get("EncryptionOption") == "SSE_S3":
            encryption = {"ServerSideEncryption": "AES256"}
        self._runtime.client("s3").put_object(
            Bucket=bucket, Key=key, Body=result.file(), **encryption
        )
        execution.result = result


def result_configuration(workgroup: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return where and how the result is written: the workgroup's word, if it enforces it."""
    own = dict(workgroup.get("ResultConfiguration") or {})
    asked = dict(request.get("ResultConfiguration") or {})
    chosen = own if workgroup.get("EnforceWorkGroupConfiguration", True) else {**own, **asked}
    if not (chosen.get("OutputLocation") or "").startswith("s3://"):
        raise InvalidRequest(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    return chosen
