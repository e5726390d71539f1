"""The EventBridge events that Glue sends on its own: job, crawler and trigger state changes."""

from __future__ import annotations

import json
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .runtime import Runtime

SOURCE = "aws.glue"


def put(runtime: Runtime, detail_type: str, detail: dict[str, Any]) -> None:
    """Put a Glue event on the default bus. Never fails: an event is not worth a job."""
    try:
        runtime.client("events").put_events(
            Entries=[{"Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}]
        )
    except (ClientError, BotoCoreError) as error:
        print(f"event {detail_type}: {error}", file=sys.stderr)


def job_state_change(runtime: Runtime, job: str, run_id: str, state: str, message: str) -> None:
    """Tell that a job run ended."""
    put(
        runtime,
        "Glue Job State Change",
        {
            "jobName": job,
            "severity": "INFO" if state in ("SUCCEEDED", "STOPPED") else "ERROR",
            "state": state,
            "jobRunId": run_id,
            "message": message,
        },
    )


def crawler_state_change(runtime: Runtime, crawler: str, state: str, message: str) -> None:
    """Tell that a crawler started, succeeded or failed."""
    put(
        runtime,
        "Glue Crawler State Change",
        {
            "crawlerName": crawler,
            "state": state,
            "message": f"Crawler {state}",
            **({"errorMessage": message} if state == "Failed" else {}),
        },
    )
