"""Glue data quality rulesets: missing upstream as a whole.

| what | kind |
|---|---|
| Create-, Get-, Update-, Delete-, ListDataQualityRuleset(s) | adds |

A ruleset is stored, not evaluated; its tags are where GetTags finds them.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue.responses import GlueResponse

from tarn_emulator.patches.errors import already_exists, invalid_input, not_found
from tarn_emulator.patches.registry import adds
from tarn_emulator.patches.store import store

_RULES = re.compile(r"\bRules\s*=\s*\[(?P<rules>.*)\]", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@adds("glue", "CreateDataQualityRuleset", reason="missing upstream")
def create_data_quality_ruleset(self: GlueResponse) -> ActionResult:
    """Store a ruleset."""
    name = self.parameters["Name"]
    rulesets = _rulesets(self)
    if name in rulesets:
        raise already_exists(f"Ruleset {name} already exists")
    _check(self.parameters["Ruleset"])
    now = utcnow()
    fields = ("Description", "Ruleset", "TargetTable", "DataQualitySecurityConfiguration")
    rulesets[name] = {
        "Name": name,
        **{field: self.parameters[field] for field in fields if field in self.parameters},
        "CreatedOn": now,
        "LastModifiedOn": now,
    }
    self.glue_backend.tag_resource(_arn(self, name), self.parameters.get("Tags"))
    return ActionResult({"Name": name})


@adds("glue", "GetDataQualityRuleset", reason="missing upstream")
def get_data_quality_ruleset(self: GlueResponse) -> ActionResult:
    """A ruleset as it was put."""
    return ActionResult(_find(self))


@adds("glue", "UpdateDataQualityRuleset", reason="missing upstream")
def update_data_quality_ruleset(self: GlueResponse) -> ActionResult:
    """Change text or description."""
    ruleset = _find(self)
    if "Ruleset" in self.parameters:
        _check(self.parameters["Ruleset"])
    for field in ("Description", "Ruleset"):
        if field in self.parameters:
            ruleset[field] = self.parameters[field]
    ruleset["LastModifiedOn"] = utcnow()
    return ActionResult({name: ruleset.get(name) for name in ("Name", "Description", "Ruleset")})


@adds("glue", "DeleteDataQualityRuleset", reason="missing upstream")
def delete_data_quality_ruleset(self: GlueResponse) -> ActionResult:
    """Delete a ruleset and its tags."""
    name = _find(self)["Name"]
    del _rulesets(self)[name]
    self.glue_backend.tagger.delete_all_tags_for_resource(_arn(self, name))
    return ActionResult({})


@adds("glue", "ListDataQualityRulesets", reason="missing upstream")
def list_data_quality_rulesets(self: GlueResponse) -> ActionResult:
    """Every ruleset, or those of one table or tag."""
    wanted = self.parameters.get("Filter") or {}
    found = [
        {**ruleset, "RuleCount": rule_count(ruleset["Ruleset"])}
        for ruleset in _rulesets(self).values()
        if _matches(self, ruleset, wanted)
    ]
    return ActionResult({"Rulesets": found})


def rule_count(text: str) -> int:
    """How many rules a ruleset has: the commas outside brackets and strings, and one."""
    found = _RULES.search(_STRING.sub('""', text))
    if found is None or not found["rules"].strip(" \t\r\n,"):
        return 0
    depth, count = 0, 1
    for char in found["rules"].strip(" \t\r\n,"):
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(char, 0)
        count += char == "," and depth == 0
    return count


def _check(text: str) -> None:
    if rule_count(text) == 0:
        raise invalid_input("The ruleset has no rule: expected Rules = [ ... ]")


def _matches(self: GlueResponse, ruleset: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "Name" in wanted and wanted["Name"] != ruleset["Name"]:
        return False
    if "TargetTable" in wanted and wanted["TargetTable"] != ruleset.get("TargetTable"):
        return False
    tags = self.parameters.get("Tags") or {}
    return tags.items() <= self.glue_backend.get_tags(_arn(self, ruleset["Name"])).items()


def _rulesets(self: GlueResponse) -> dict[str, dict[str, Any]]:
    return store(self.glue_backend, "rulesets")


def _find(self: GlueResponse) -> dict[str, Any]:
    name = self.parameters["Name"]
    try:
        return _rulesets(self)[name]
    except KeyError:
        raise not_found(f"Cannot find Data Quality Ruleset with name {name}") from None


def _arn(self: GlueResponse, name: str) -> str:
    return f"arn:aws:glue:{self.region}:{self.current_account}:dataQualityRuleset/{name}"
