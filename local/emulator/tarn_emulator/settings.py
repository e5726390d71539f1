"""What one emulator process was started with; every part of the package reads it from here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True)
class Settings:
    """The settings of a running emulator, complete before any request is served."""

    endpoint: str
    port: int
    state_dir: Path
    jars_dir: Path
    spark_memory: str = "2g"
    spark_cores: int = 2
    account_id: str = ACCOUNT_ID
    region: str = REGION
