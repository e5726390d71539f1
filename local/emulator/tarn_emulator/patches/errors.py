"""The AWS errors the patches raise."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class AwsError(ServiceException):
    """An error with the code AWS uses; moto serialises it for the protocol of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def not_found(message: str) -> AwsError:
    """The error of Glue and Lake Formation for something that does not exist."""
    return AwsError("EntityNotFoundException", message)


def already_exists(message: str) -> AwsError:
    """The error of Glue and Lake Formation for something that exists."""
    return AwsError("AlreadyExistsException", message)


def invalid_input(message: str) -> AwsError:
    """The error of Glue and Lake Formation for a request that makes no sense."""
    return AwsError("InvalidInputException", message)
