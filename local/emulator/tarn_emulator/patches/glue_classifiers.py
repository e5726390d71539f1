"""Glue classifiers and user defined functions: missing upstream as a whole.

| what | kind |
|---|---|
| Create-, Get-, GetClassifiers, Update-, DeleteClassifier | adds |
| Create-, Get-, GetUserDefinedFunctions, Update-, DeleteUserDefinedFunction | adds |
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue.responses import GlueResponse

from tarn_emulator.patches.errors import already_exists, not_found
from tarn_emulator.patches.registry import adds
from tarn_emulator.patches.store import store

KINDS = ("GrokClassifier", "XMLClassifier", "JsonClassifier", "CsvClassifier")


@adds("glue", "CreateClassifier", reason="missing upstream")
def create_classifier(self: GlueResponse) -> ActionResult:
    """Store a classifier of one of the four kinds."""
    kind, definition = _given(self)
    classifiers = store(self.glue_backend, "classifiers")
    if definition["Name"] in classifiers:
        raise already_exists(f"Classifier {definition['Name']} already exists")
    now = utcnow()
    stamps = {"CreationTime": now, "LastUpdated": now, "Version": 1}
    classifiers[definition["Name"]] = {kind: {**definition, **stamps}}
    return ActionResult({})


@adds("glue", "GetClassifier", reason="missing upstream")
def get_classifier(self: GlueResponse) -> ActionResult:
    """A classifier as it was put."""
    return ActionResult({"Classifier": _find(self, self.parameters["Name"])})


@adds("glue", "GetClassifiers", reason="missing upstream")
def get_classifiers(self: GlueResponse) -> ActionResult:
    """Every classifier."""
    return ActionResult({"Classifiers": list(store(self.glue_backend, "classifiers").values())})


@adds("glue", "UpdateClassifier", reason="missing upstream")
def update_classifier(self: GlueResponse) -> ActionResult:
    """Change the fields given."""
    kind, definition = _given(self)
    stored = _find(self, definition["Name"]).get(kind)
    if stored is None:
        raise not_found(f"{kind} {definition['Name']} not found")
    stored.update(definition)
    stored["LastUpdated"] = utcnow()
    stored["Version"] += 1
    return ActionResult({})


@adds("glue", "DeleteClassifier", reason="missing upstream")
def delete_classifier(self: GlueResponse) -> ActionResult:
    """Delete a classifier."""
    _find(self, self.parameters["Name"])
    del store(self.glue_backend, "classifiers")[self.parameters["Name"]]
    return ActionResult({})


@adds("glue", "CreateUserDefinedFunction", reason="missing upstream")
def create_user_defined_function(self: GlueResponse) -> ActionResult:
    """Store a function of a database."""
    definition = self.parameters["FunctionInput"]
    functions = _functions(self)
    if definition["FunctionName"] in functions:
        raise already_exists(f"Function {definition['FunctionName']} already exists")
    functions[definition["FunctionName"]] = {
        **definition,
        "DatabaseName": self.parameters["DatabaseName"],
        "CatalogId": self.parameters.get("CatalogId") or self.current_account,
        "CreateTime": utcnow(),
    }
    return ActionResult({})


@adds("glue", "GetUserDefinedFunction", reason="missing upstream")
def get_user_defined_function(self: GlueResponse) -> ActionResult:
    """A function as it was put."""
    return ActionResult({"UserDefinedFunction": _function(self)})


@adds("glue", "GetUserDefinedFunctions", reason="missing upstream")
def get_user_defined_functions(self: GlueResponse) -> ActionResult:
    """The functions of a database, or of all, whose name matches a pattern."""
    pattern = re.compile(self.parameters["Pattern"].replace("*", ".*").replace("..*", ".*"))
    names = [self.parameters.get("DatabaseName")]
    if names == [None]:
        names = list(self.glue_backend.databases)
    found = [
        function
        for name in names
        for function in store(self.glue_backend.get_database(name), "functions").values()
        if pattern.fullmatch(function["FunctionName"])
    ]
    return ActionResult({"UserDefinedFunctions": found})


@adds("glue", "UpdateUserDefinedFunction", reason="missing upstream")
def update_user_defined_function(self: GlueResponse) -> ActionResult:
    """Change the fields given."""
    _function(self).update(self.parameters["FunctionInput"])
    return ActionResult({})


@adds("glue", "DeleteUserDefinedFunction", reason="missing upstream")
def delete_user_defined_function(self: GlueResponse) -> ActionResult:
    """Delete a function."""
    _function(self)
    del _functions(self)[self.parameters["FunctionName"]]
    return ActionResult({})


def _given(self: GlueResponse) -> tuple[str, dict[str, Any]]:
    return next((kind, self.parameters[kind]) for kind in KINDS if kind in self.parameters)


def _find(self: GlueResponse, name: str) -> dict[str, Any]:
    try:
        return store(self.glue_backend, "classifiers")[name]
    except KeyError:
        raise not_found(f"Classifier {name} not found.") from None


def _functions(self: GlueResponse) -> dict[str, Any]:
    return store(self.glue_backend.get_database(self.parameters["DatabaseName"]), "functions")


def _function(self: GlueResponse) -> dict[str, Any]:
    name = self.parameters["FunctionName"]
    try:
        return _functions(self)[name]
    except KeyError:
        raise not_found(f"Function {name} not found.") from None
