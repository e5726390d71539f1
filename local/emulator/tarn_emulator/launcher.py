"""Starts the emulator: patches, Glue execution, server, and the file that says it is up."""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tarn_emulator.settings import ACCOUNT_ID, Settings

log = logging.getLogger("tarn_emulator")

STATE_FILE = "emulator.json"
LOCK_FILE = "emulator.lock"
HEALTH_PATH = "/tarn/health"

#: How long a second start waits for the first one, which holds the lock, to answer.
START_SECONDS = 60

STATE_CHECK_SECONDS = 2

#: moto reads these while it is imported, so they are set before that.
MOTO_ENVIRONMENT = {
    # Without it every attachment of an AWS managed policy fails with NoSuchEntity.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    # Saves seconds at the first EC2 call; nothing here starts an instance.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    # One account whatever access key a client uses.
    "MOTO_ACCOUNT_ID": ACCOUNT_ID,
    # Nothing in this process may look for real credentials.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "tarn-emulator",
    "AWS_SECRET_ACCESS_KEY": "tarn-emulator",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; the exit code is 0 also when one was already running."""
    options = _parse(arguments)
    logging.basicConfig(
        level=logging.DEBUG if os.environ.get("TARN_EMULATOR_DEBUG") else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("botocore", "boto3", "urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

    state_dir = Path(options.state_dir).resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / LOCK_FILE).open("w") as lock:
        if not _take(lock):
            return _report_running(state_dir)
        os.environ.update(MOTO_ENVIRONMENT)
        return _serve(options, state_dir)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tarn_emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free port")
    parser.add_argument("--state-dir", required=True, help="where emulator.json is written")
    parser.add_argument("--jars", required=True, help="folder of the jars Spark needs")
    parser.add_argument("--spark-memory", default="2g", help="driver memory of one job run")
    parser.add_argument("--spark-cores", type=int, default=2, help="cores of one job run")
    parser.add_argument(
        "--enforce-iam", action="store_true", help="refuse what IAM does not allow the caller"
    )
    parser.add_argument("--record-calls", metavar="FILE", help="append each call to this file")
    return parser.parse_args(arguments)


def _take(lock: Any) -> bool:
    """True when this process now owns the state folder. The kernel frees it if we die."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _report_running(state_dir: Path) -> int:
    """Another process owns the folder: wait until it answers and say where."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = read_state(state_dir)
        if state is not None and is_alive(state):
            print(f"already running: {state['endpoint']} (pid {state['pid']})")
            return 0
        time.sleep(0.1)
    print(f"another emulator owns {state_dir} but does not answer", file=sys.stderr)
    return 1


def read_state(state_dir: Path) -> dict[str, Any] | None:
    """The content of emulator.json, or None when there is none that can be read."""
    try:
        return json.loads((state_dir / STATE_FILE).read_text())
    except (OSError, ValueError):
        return None


def is_alive(state: dict[str, Any]) -> bool:
    """True when the emulator described by the state answers, and is that very instance."""
    try:
        url = f"{state['endpoint']}{HEALTH_PATH}"
        with urllib.request.urlopen(url, timeout=2) as answer:
            return json.load(answer)["instance"] == state["instance"]
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return False


def _serve(options: argparse.Namespace, state_dir: Path) -> int:
    # Imported here: moto reads its environment while it is imported.
    from tarn_emulator import execution, patches
    from tarn_emulator.authorization.authorizer import Authorizer
    from tarn_emulator.authorization.gate import Gate
    from tarn_emulator.authorization.recorder import Recorder
    from tarn_emulator.http_server import bind
    from tarn_emulator.patches.refusals import moto_application

    instance = str(uuid.uuid4())
    recorder = Recorder(Path(options.record_calls).resolve()) if options.record_calls else None
    authorizer = Authorizer(enforces=options.enforce_iam, recorder=recorder)
    application = moto_application()
    if not authorizer.idle:
        application = Gate(application, authorizer)
    server = bind(options.port, _with_health(application, instance, execution.jobs_running))
    settings = Settings(
        endpoint=f"http://127.0.0.1:{server.server_port}",
        port=server.server_port,
        state_dir=state_dir,
        jars_dir=Path(options.jars).resolve(),
        spark_memory=options.spark_memory,
        spark_cores=options.spark_cores,
    )
    os.environ["MOTO_PORT"] = str(settings.port)
    patches.install()
    execution.install(settings, authorizer)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    # The interval is how long a stop waits for the server to notice.
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="http", daemon=True)
    thread.start()
    state_file = state_dir / STATE_FILE
    state = _state(settings, instance, options.enforce_iam)
    if not is_alive(state):
        raise RuntimeError(f"the server bound to {settings.endpoint} does not answer")
    _publish(state, state_file)
    log.info("serving on %s (%d patches)", settings.endpoint, len(patches.installed()))
    try:
        while not stop.wait(STATE_CHECK_SECONDS):
            # Somebody who took us for dead may have removed it; without it nobody can stop us.
            if not state_file.exists():
                _publish(state, state_file)
    finally:
        log.info("stopping")
        try:
            execution.shutdown()
        finally:
            server.shutdown()
            server.server_close()
            state_file.unlink(missing_ok=True)
    return 0


def _with_health(
    application: Callable[..., Iterable[bytes]],
    instance: str,
    jobs_running: Callable[[], int],
) -> Callable[..., Iterable[bytes]]:
    """The application with the health path in front of it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != HEALTH_PATH:
            return application(environ, start_response)
        body = json.dumps({"instance": instance, "jobs_running": jobs_running()}).encode()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body]

    return serve


def _state(settings: Settings, instance: str, enforce_iam: bool) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "port": settings.port,
        "endpoint": settings.endpoint,
        "instance": instance,
        "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "moto": version("moto"),
        "enforceIam": enforce_iam,
    }


def _publish(state: dict[str, Any], state_file: Path) -> None:
    """Write emulator.json in one step, so that a reader never sees half of it."""
    draft = state_file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(state) + "\n")
    draft.replace(state_file)
