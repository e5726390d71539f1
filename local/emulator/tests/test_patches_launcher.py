"""The emulator as a process: how it starts, says so, serves and stops."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path

from emulator_process import Endpoint, read_json, start_emulator, stop, wait_for


def health(endpoint: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{endpoint}/tarn/health", timeout=5) as answer:
        return json.load(answer)


def test_the_state_file_describes_the_process_that_answers(emulator: Endpoint) -> None:
    state = json.loads((emulator.state_dir / "emulator.json").read_text())
    assert set(state) == {
        "pid",
        "port",
        "endpoint",
        "instance",
        "started",
        "moto",
        "enforceIam",
    }
    assert state["enforceIam"] is False
    assert state["endpoint"] == f"http://127.0.0.1:{state['port']}"
    assert state["moto"] == "5.2.5"
    assert health(emulator.endpoint) == {"instance": state["instance"], "jobs_running": 0}
    os.kill(state["pid"], 0)


def test_only_the_loopback_interface_is_bound(emulator: Endpoint) -> None:
    port = int(emulator.endpoint.rsplit(":", 1)[1])
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))  # would fail if 0.0.0.0 were taken


def test_a_second_start_is_harmless(emulator: Endpoint) -> None:
    before = (emulator.state_dir / "emulator.json").read_text()
    log = emulator.state_dir / "emulator.log"
    second = start_emulator(emulator.state_dir)
    assert second.wait(30) == 0
    assert (emulator.state_dir / "emulator.json").read_text() == before
    assert f"already running: {emulator.endpoint}" in log.read_text()


def test_a_removed_state_file_comes_back(emulator: Endpoint) -> None:
    state_file = emulator.state_dir / "emulator.json"
    before = read_json(state_file)
    state_file.unlink()
    assert wait_for(lambda: read_json(state_file), "the state file", seconds=15) == before


def test_start_on_a_given_port_over_a_stale_file_and_stop(tmp_path: Path) -> None:
    stale = {"pid": 1, "port": 1, "endpoint": "http://127.0.0.1:1", "instance": "gone"}
    (tmp_path / "emulator.json").write_text(json.dumps(stale))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start_emulator(tmp_path, "--port", str(port))
    try:
        state = wait_for(lambda: _fresh(tmp_path), "a fresh state file")
        assert state["port"] == port
        assert state["pid"] == process.pid
        assert health(state["endpoint"])["instance"] == state["instance"]
    finally:
        code = stop(process)
    assert code == 0
    assert not (tmp_path / "emulator.json").exists()


def test_after_a_crash_the_next_start_works(tmp_path: Path) -> None:
    first = start_emulator(tmp_path)
    wait_for(lambda: read_json(tmp_path / "emulator.json"), "the first start")
    first.kill()
    first.wait(10)
    left = read_json(tmp_path / "emulator.json")
    second = start_emulator(tmp_path)
    try:
        state = wait_for(
            lambda: _changed(tmp_path, left["instance"]), "the second start's state file"
        )
        assert state["pid"] == second.pid
    finally:
        second.send_signal(signal.SIGINT)
        assert second.wait(30) == 0


def test_one_connection_serves_many_requests(emulator: Endpoint) -> None:
    host, _, port = emulator.endpoint.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        connection.request("GET", "/tarn/health")
        connection.getresponse().read()
        assert connection.sock is first


def test_bodies_arrive_whole_however_they_are_sent(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket=name, Key="plain", Body=body)
    host, _, port = emulator.endpoint.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request(
        "PUT",
        f"/{name}/chunked",
        body=iter([body[:1000], body[1000:]]),
        encode_chunked=True,
        headers={
            "Transfer-Encoding": "chunked",
            "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, x",
        },
    )
    assert connection.getresponse().status == 200
    for key in ("plain", "chunked"):
        assert s3.get_object(Bucket=name, Key=key)["Body"].read() == body
        assert s3.head_object(Bucket=name, Key=key)["ContentLength"] == len(body)


def _fresh(state_dir: Path) -> dict[str, object] | None:
    return _changed(state_dir, "gone")


def _changed(state_dir: Path, old_instance: str) -> dict[str, object] | None:
    state = read_json(state_dir / "emulator.json")
    return state if state and state["instance"] != old_instance else None
