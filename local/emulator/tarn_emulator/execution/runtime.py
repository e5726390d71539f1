"""What every part of the execution shares: the settings, clients to the emulator itself."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tarn_emulator.authorization.authorizer import Authorizer, DeniedError
from tarn_emulator.authorization.identity import INTERNAL_KEY
from tarn_emulator.authorization.sessions import assume_for

from .spark import Credentials, LocalSpark

GLUE = "glue.amazonaws.com"


class EmulatorSettings(Protocol):
    """The part of tarn_emulator.settings.Settings that the execution reads."""

    endpoint: str
    state_dir: Path
    jars_dir: Path
    spark_memory: str
    spark_cores: int
    account_id: str
    region: str


# Those of the emulator itself, also of a run without a usable role when IAM is not enforced.
FALLBACK_CREDENTIALS = Credentials(INTERNAL_KEY, "tarn-local-execution")


class RoleRefused(RuntimeError):
    """Glue may not assume the role; the message says why."""


@dataclass
class Runtime:
    """The emulator as seen from the code that runs jobs, crawlers and queries.

    That code reaches data and catalog through the emulator's own HTTP endpoint, as the real
    services reach AWS through theirs: bucket policies and patches apply to it too.
    """

    settings: EmulatorSettings
    authorizer: Authorizer
    # One lock for every decision about what runs: concurrency limits, triggers, workflow ends.
    lock: threading.RLock = field(default_factory=threading.RLock)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the (thread-safe, cached) boto3 client of a service of this emulator."""
        with self.lock:
            if service not in self._clients:
                self._clients[service] = self.new_client(service, FALLBACK_CREDENTIALS)
            return self._clients[service]

    def new_client(self, service: str, credentials: Credentials) -> Any:
        """Return a client of a service of this emulator that acts with ``credentials``."""
        return boto3.session.Session().client(
            service,
            endpoint_url=self.settings.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.session_token,
            config=Config(
                retries={"max_attempts": 2},
                s3={"addressing_style": "path"},
                max_pool_connections=20,
            ),
        )

    def credentials_of(self, role: str | None, session: str, source: str) -> Credentials:
        """Assume the role of a job or crawler, given as ARN or name.

        ``source`` is the job or crawler, as it stands in its ARN. When IAM is enforced and the
        role does not trust Glue, this raises RoleRefused; else the run goes on without the role.
        """
        arn = role or ""
        if role and not role.startswith("arn:"):
            arn = f"arn:aws:iam::{self.settings.account_id}:role/{role.lstrip('/')}"
        if self.authorizer.enforces:
            return self._assumed_by_glue(arn, session, source)
        if not role:
            return FALLBACK_CREDENTIALS
        try:
            answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session[:64])
        except (ClientError, BotoCoreError):
            return FALLBACK_CREDENTIALS
        found = answer["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def _assumed_by_glue(self, arn: str, session: str, source: str) -> Credentials:
        source_arn = f"arn:aws:glue:{self.settings.region}:{self.settings.account_id}:{source}"
        try:
            found = assume_for(self.authorizer, GLUE, arn, session[:64], source_arn)
        except DeniedError as error:
            raise RoleRefused(
                f"Role {arn} should be given assume role permissions for Glue Service: {error}"
            ) from None
        return Credentials(found.access_key_id, found.secret_access_key, found.session_token)

    @property
    def spark(self) -> LocalSpark:
        """The Spark of this machine."""
        s = self.settings
        return LocalSpark(s.endpoint, s.region, Path(s.jars_dir), s.spark_cores, s.spark_memory)


def now() -> datetime:
    """Return the current time as moto keeps it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id(prefix: str) -> str:
    """Return an id of the form Glue gives to job runs (jr_) and workflow runs (wr_)."""
    return f"{prefix}_{secrets.token_hex(32)}"


def split_s3(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address."""
    for scheme in ("s3://", "s3a://", "s3n://"):
        if uri.startswith(scheme):
            bucket, _, key = uri.removeprefix(scheme).partition("/")
            if bucket:
                return bucket, key
    raise ValueError(f"{uri!r} is not an s3:// address")
