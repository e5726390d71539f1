"""Glue crawlers.

| what | kind | why |
|---|---|---|
| UpdateCrawler | adds | every change of a crawler |
| CreateCrawler | extends | dropped LakeFormationConfiguration; no check of the recrawl policy |
| GetCrawler | extends | returned no LakeFormationConfiguration |
| DeleteCrawler | extends | left the tags behind |

What a crawl does is in the `execution` package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue.models import FakeCrawler, GlueBackend
from moto.glue.responses import GlueResponse

from tarn_emulator.patches.errors import AwsError, invalid_input
from tarn_emulator.patches.registry import adds, extends
from tarn_emulator.patches.store import store

#: Field of an update -> attribute of FakeCrawler.
FIELDS = {
    "Role": "role",
    "DatabaseName": "database_name",
    "Description": "description",
    "Targets": "targets",
    "Schedule": "schedule",
    "Classifiers": "classifiers",
    "TablePrefix": "table_prefix",
    "SchemaChangePolicy": "schema_change_policy",
    "RecrawlPolicy": "recrawl_policy",
    "LineageConfiguration": "lineage_configuration",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
}


@extends("glue", "CreateCrawler", reason="LakeFormationConfiguration was dropped")
def create_crawler(upstream: Callable[..., Any], self: GlueResponse) -> Any:
    """Create a crawler and keep its Lake Formation setting."""
    _check(self.parameters)
    answer = upstream(self)
    _keep_extra(self.glue_backend.crawlers[self.parameters["Name"]], self.parameters)
    return answer


@adds("glue", "UpdateCrawler", reason="missing upstream")
def update_crawler(self: GlueResponse) -> ActionResult:
    """Change what is given; the rest stays."""
    update = self.parameters
    crawler = self.glue_backend.get_crawler(update["Name"])
    if crawler.status == "RUNNING":
        raise AwsError(
            "CrawlerRunningException", f"Crawler with name {crawler.name} is currently running"
        )
    _check({**{name: getattr(crawler, FIELDS[name]) for name in FIELDS}, **update})
    for field, attribute in FIELDS.items():
        if field in update:
            setattr(crawler, attribute, update[field])
    _keep_extra(crawler, update)
    crawler.version += 1
    crawler.last_updated = utcnow()
    return ActionResult({})


@extends(
    "glue",
    "GetCrawler",
    reason="LakeFormationConfiguration was not returned",
    target="moto.glue.models:FakeCrawler",
    attribute="as_dict",
)
def crawler_as_dict(upstream: Callable[..., dict[str, Any]], self: FakeCrawler) -> dict[str, Any]:
    """The crawler with its Lake Formation setting."""
    return upstream(self) | store(self, "extra")


@extends(
    "glue",
    "DeleteCrawler",
    reason="the tags stayed and came back with the next crawler of that name",
    target="moto.glue.models:GlueBackend",
    attribute="delete_crawler",
)
def delete_crawler(upstream: Callable[..., None], self: GlueBackend, name: str) -> None:
    """Delete the crawler and its tags."""
    crawler = self.get_crawler(name)
    upstream(self, name)
    self.tagger.delete_all_tags_for_resource(crawler.arn)


def _keep_extra(crawler: FakeCrawler, definition: dict[str, Any]) -> None:
    if definition.get("LakeFormationConfiguration") is not None:
        store(crawler, "extra")["LakeFormationConfiguration"] = definition[
            "LakeFormationConfiguration"
        ]


def _check(definition: dict[str, Any]) -> None:
    """The rule on which a deployment to AWS would fail only at the end."""
    recrawl = (definition.get("RecrawlPolicy") or {}).get("RecrawlBehavior")
    change = definition.get("SchemaChangePolicy") or {}
    if recrawl != "CRAWL_NEW_FOLDERS_ONLY":
        return
    if any(change.get(name) != "LOG" for name in ("UpdateBehavior", "DeleteBehavior")):
        raise invalid_input(
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only '
            "LOG DeleteBehavior value and LOG UpdateBehavior value."
        )
