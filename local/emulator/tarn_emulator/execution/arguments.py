"""The arguments of a Glue job run: merging them, and reading the special ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_LOG_GROUP_PREFIX = "/aws-glue/jobs"
SUPPORTED_FORMATS = frozenset({"iceberg"})

_CONF_SEPARATOR = re.compile(r"\s+--conf\s+")


class ArgumentError(ValueError):
    """A special argument that this emulator, or Glue itself, cannot honour."""


@dataclass(frozen=True)
class SpecialArguments:
    """What Glue itself reads among the arguments of a run."""

    spark_conf: dict[str, str] = field(default_factory=dict)
    extra_py_files: tuple[str, ...] = ()
    extra_jars: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = ()
    python_modules: tuple[str, ...] = ()
    datalake_formats: frozenset[str] = frozenset()
    log_group_prefix: str = DEFAULT_LOG_GROUP_PREFIX
    log_stream_prefix: str | None = None


def merge(
    defaults: Mapping[str, str] | None,
    given: Mapping[str, str] | None,
    fixed: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the job's defaults, overridden by the run's, overridden by the non-overridable."""
    return {**(defaults or {}), **(given or {}), **(fixed or {})}


def command_line(arguments: Mapping[str, str]) -> list[str]:
    """Return the arguments as the script receives them: ``--key value``."""
    line: list[str] = []
    for key, value in arguments.items():
        line.append(key)
        if value != "":
            line.append(value)
    return line


def parse_conf(value: str) -> dict[str, str]:
    """Read Glue's ``--conf``: one value that holds ``k1=v1 --conf k2=v2 ...``."""
    settings: dict[str, str] = {}
    text = value.strip()
    text = text.removeprefix("--conf ")
    for part in filter(None, _CONF_SEPARATOR.split(text)):
        key, equals, setting = part.strip().partition("=")
        if not equals or not key:
            raise ArgumentError(f"--conf: {part!r} is not of the form key=value")
        settings[key.strip()] = setting.strip().strip("\"'")
    return settings


def auto_scaling(arguments: Mapping[str, str]) -> bool:
    """Return whether the number of workers follows the work."""
    return arguments.get("--enable-auto-scaling", "").lower() == "true"


def special(arguments: Mapping[str, str]) -> SpecialArguments:
    """Read the arguments that Glue interprets; raise ArgumentError for one that cannot work."""
    formats = frozenset(_list(arguments.get("--datalake-formats", "")))
    unknown = formats - SUPPORTED_FORMATS
    if unknown:
        raise ArgumentError(
            f"--datalake-formats: {', '.join(sorted(unknown))} is not available locally; "
            f"the local Spark has {', '.join(sorted(SUPPORTED_FORMATS))}"
        )
    modules = tuple(_list(arguments.get("--additional-python-modules", "")))
    for module in modules:
        if not module.startswith("s3://"):
            raise ArgumentError(
                f"--additional-python-modules: {module!r} would be downloaded; locally only wheels "
                "at an s3:// address are installed"
            )
    return SpecialArguments(
        spark_conf=parse_conf(arguments.get("--conf", "")),
        extra_py_files=_addresses(arguments, "--extra-py-files"),
        extra_jars=_addresses(arguments, "--extra-jars"),
        extra_files=_addresses(arguments, "--extra-files"),
        python_modules=modules,
        datalake_formats=formats,
        log_group_prefix=arguments.get("--custom-logGroup-prefix", DEFAULT_LOG_GROUP_PREFIX),
        log_stream_prefix=arguments.get("--custom-logStream-prefix"),
    )


def _addresses(arguments: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(_list(arguments.get(name, "")))
    for uri in found:
        if not uri.startswith("s3://"):
            raise ArgumentError(f"{name}: {uri!r} is not an s3:// address")
    return found


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
