"""EventBridge's rules: what an event matches, and its delivery to queues, topics and workflows.

Deliveries happen one after the other on a thread of their own, so that whoever caused an event does
not wait. A delivery that is refused is not tried again here: what AWS would give up on after its
retries goes to the target's dead-letter queue at once.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException
from moto.events.models import Rule
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from tarn_emulator.authorization.authorizer import DeniedError
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.identity import identify
from tarn_emulator.authorization.keys import of_caller
from tarn_emulator.authorization.services.kms import key_arn
from tarn_emulator.authorization.sessions import assume_for
from tarn_emulator.policy import document
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.evaluate import Effect, Request, evaluate
from tarn_emulator.policy.principal import Caller

from .eventtrigger import EventTriggers
from .runtime import Runtime
from .spark import Credentials
from .targetinput import target_input

EVENTS = "events.amazonaws.com"
NO_PERMISSIONS = "NO_PERMISSIONS"


class Undeliverable(Exception):
    """A target could not be reached; the code is the one a dead-letter queue shows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def delivers_to(arn: str) -> bool:
    """True for the targets that are reached from here."""
    service = arn.split(":")[2]
    return service in ("sns", "sqs") or (service == "glue" and ":workflow/" in arn)


class Delivery:
    """Hands events to the targets of the rules they match."""

    def __init__(self, runtime: Runtime, triggers: EventTriggers) -> None:
        self._runtime = runtime
        self._triggers = triggers
        self._waiting: queue.SimpleQueue[tuple[Rule, dict[str, Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="events", daemon=True).start()

    def put(self, rule: Rule, event: dict[str, Any]) -> None:
        """Deliver an event to the targets of a rule that it matches, soon."""
        self._waiting.put((rule, event))

    def _work(self) -> None:
        while True:
            rule, event = self._waiting.get()
            try:
                if rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(event):
                    for target in list(rule.targets):
                        self._send(rule, target, event)
            except Exception as error:  # the thread must outlive whatever a rule has in it
                print(f"rule {rule.name}: {error!r}", file=sys.stderr)

    def _send(self, rule: Rule, target: Mapping[str, Any], event: dict[str, Any]) -> None:
        arn = target["Arn"]
        if not delivers_to(arn):
            return
        body = target_input(target, event, rule.name, rule.arn)
        try:
            if arn.split(":")[2] == "sqs":
                group = (target.get("SqsParameters") or {}).get("MessageGroupId")
                self._to_queue(rule, arn, body, group=group)
            elif arn.split(":")[2] == "sns":
                self._to_topic(rule, target, body)
            else:
                self._to_workflow(rule, target, event)
        except Undeliverable as error:
            self._set_aside(rule, target, body, error)

    # --- targets --------------------------------------------------------------------------

    def _to_queue(
        self,
        rule: Rule,
        arn: str,
        body: str,
        group: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        region, account, name = arn.split(":")[3:6]
        backend = sqs_backends[account][region]
        found = backend.queues.get(name)
        if found is None:
            raise Undeliverable("RESOURCE_NOT_FOUND", f"The queue {arn} does not exist.")
        # A condition may ask for whose rule it is, in the queue's policy and in the key's.
        keys = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id}
        _must_allow(found.policy, "sqs:SendMessage", arn, keys)
        self._use_key(
            found.kms_master_key_id, region, {**keys, "kms:EncryptionContext:aws:sqs:arn": arn}
        )
        backend.send_message(name, body, message_attributes=attributes, group_id=group)

    def _to_topic(self, rule: Rule, target: Mapping[str, Any], body: str) -> None:
        arn = target["Arn"]
        region, account = arn.split(":")[3:5]
        topic = sns_backends[account][region].topics.get(arn)
        if topic is None:
            raise Undeliverable("RESOURCE_NOT_FOUND", f"The topic {arn} does not exist.")
        if target.get("RoleArn"):
            credentials = self._as_role(target["RoleArn"], rule)
            client = (
                self._runtime.new_client("sns", credentials)
                if credentials
                else self._runtime.client("sns")
            )
            try:
                client.publish(TopicArn=arn, Message=body)
            except (ClientError, BotoCoreError) as error:
                raise Undeliverable(NO_PERMISSIONS, str(error)) from None
            return
        # No condition can tell whose rule it is (EventBridge User Guide, "Using resource-based
        # policies", Amazon SNS; SNS Developer Guide, "Managing Amazon SNS encryption keys").
        _must_allow(topic.policy, "sns:Publish", arn, {})
        self._use_key(
            topic.kms_master_key_id, region, {"kms:EncryptionContext:aws:sns:topicArn": arn}
        )
        topic.publish(body)

    def _to_workflow(self, rule: Rule, target: Mapping[str, Any], event: dict[str, Any]) -> None:
        arn = target["Arn"]
        if not target.get("RoleArn"):
            raise Undeliverable(NO_PERMISSIONS, "A workflow is started with a role.")
        credentials = self._as_role(target["RoleArn"], rule)
        if credentials is not None:
            self._judge(credentials, "glue:NotifyEvent", arn)
        problem = self._triggers.notify(arn.partition(":workflow/")[2], event["id"])
        if problem:
            raise Undeliverable("SDK_CLIENT_ERROR", problem)

    # --- permissions ----------------------------------------------------------------------

    def _as_role(self, role: str, rule: Rule) -> Credentials | None:
        """Assume the role of a target; None when nothing is enforced."""
        if not self._runtime.authorizer.enforces:
            return None
        try:
            found = assume_for(self._runtime.authorizer, EVENTS, role, uuid4().hex, rule.arn)
        except DeniedError as error:
            raise Undeliverable(NO_PERMISSIONS, str(error)) from None
        return Credentials(found.access_key_id, found.secret_access_key, found.session_token)

    def _judge(self, credentials: Credentials, action: str, arn: str) -> None:
        authorizer = self._runtime.authorizer
        identity = identify(credentials.access_key, credentials.session_token)
        resource = Resource(arn)
        check = Check(action, (resource,))
        try:
            authorizer.judge(identity, check, Context(of_caller(identity.caller)), resource)
        except DeniedError as error:
            raise Undeliverable(NO_PERMISSIONS, str(error)) from None
        authorizer.record(check, identity, True)

    def _use_key(self, key_id: str | None, region: str, keys: Mapping[str, str]) -> None:
        """Ask the policy of the key that encrypts a queue or topic, if there is one."""
        if not key_id:
            return
        arn = key_arn(key_id, region)
        key = kms_backends[self._runtime.settings.account_id][region].keys.get(arn.split("/")[-1])
        if key is None:
            raise Undeliverable("KMS_NOT_FOUND", f"The key {key_id} does not exist.")
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            _must_allow(key.policy, action, arn, keys)

    # --- what was not delivered -----------------------------------------------------------

    def _set_aside(
        self, rule: Rule, target: Mapping[str, Any], body: str, error: Undeliverable
    ) -> None:
        print(f"rule {rule.name}, target {target['Arn']}: {error}", file=sys.stderr)
        arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            return
        told = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
        }
        attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        }
        try:
            self._to_queue(rule, arn, body, attributes=attributes)
        except (Undeliverable, ServiceException) as again:
            print(f"rule {rule.name}, dead-letter queue {arn}: {again}", file=sys.stderr)


def _must_allow(policy: Any, action: str, arn: str, keys: Mapping[str, str]) -> None:
    """Raise Undeliverable unless the policy of a resource lets EventBridge do something."""
    context = {
        **keys,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": EVENTS,
        "aws:CurrentTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    request = Request(action, arn, Caller(service=EVENTS, kind="Service"), Context(context))
    statements = document.parse(policy) if policy else ()
    if evaluate(statements, request).effect is not Effect.ALLOW:
        raise Undeliverable(NO_PERMISSIONS, f"The policy of {arn} does not let {EVENTS} {action}.")
