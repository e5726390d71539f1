"""Glue: the catalog, whose calls need catalog, database and table, and the things with names.

What AWS ties to no resource needs "*": crawlers while they are created, classifiers, security
configurations, bookmarks and lists.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.glue.models import glue_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import s3
from tarn_emulator.authorization.services.passing import pass_role, pass_roles
from tarn_emulator.authorization.table import Arns, Rule, Service, each, everything, parameter
from tarn_emulator.patches import glue_iceberg
from tarn_emulator.settings import ACCOUNT_ID

GLUE = "glue.amazonaws.com"


def checks(call: Call) -> list[Check]:
    """What a call of Glue needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A thing of Glue with its tags."""
    pairs = glue_backends[ACCOUNT_ID][call.region].tagger.list_tags_for_resource(arn)["Tags"]
    return Resource(arn, tags.as_dict(pairs))


def _arn(call: Call, path: str) -> str:
    return f"arn:aws:glue:{call.region}:{ACCOUNT_ID}:{path}"


def _named(kind: str, *parameters: str) -> Arns:
    """The things of a kind that a request names, one or a list."""

    def arns(call: Call) -> Iterable[str]:
        for name in parameters:
            given = call.get(name, ())
            for one in (given,) if isinstance(given, str) else given:
                yield _arn(call, f"{kind}/{one}")

    return arns


def _catalog(call: Call) -> Iterable[str]:
    return (_arn(call, "catalog"),)


def _database_name(call: Call) -> str:
    named = call.get("DatabaseInput", {}).get("Name") if call.operation == "CreateDatabase" else ""
    return named or call.get("DatabaseName") or call.get("Name") or "*"


def _database(call: Call) -> Iterable[str]:
    yield from _catalog(call)
    yield from _database_only(call)


def _database_only(call: Call) -> Iterable[str]:
    return (_arn(call, f"database/{_database_name(call)}"),)


def _database_with_content(call: Call) -> Iterable[str]:
    yield from _database(call)
    for kind in ("table", "userDefinedFunction"):
        yield _arn(call, f"{kind}/{_database_name(call)}/*")


def _table(call: Call) -> Iterable[str]:
    """Catalog, database and the tables a request names; all of the database when it names none."""
    yield from _database(call)
    named = call.get("TableName") or call.get("TableInput", {}).get("Name") or call.get("Name")
    names = [named] if named else call.get("TablesToDelete") or ["*"]
    for name in names:
        yield _arn(call, f"table/{_table_database(call)}/{name}")


def _table_database(call: Call) -> str:
    return call.get("DatabaseName") or "*"


def _all_tables(call: Call) -> Iterable[str]:
    yield from _database(call)
    yield _arn(call, f"table/{_table_database(call)}/*")


def _connection(call: Call) -> Iterable[str]:
    yield from _catalog(call)
    yield from _connection_only(call)


def _connection_only(call: Call) -> Iterable[str]:
    given = call.get("ConnectionInput", {}).get("Name")
    name = call.get("ConnectionName") or call.get("Name") or given or "*"
    return (_arn(call, f"connection/{name}"),)


def _connections(call: Call) -> Iterable[str]:
    yield from _catalog(call)
    for name in call.get("ConnectionNameList", ["*"]):
        yield _arn(call, f"connection/{name}")


def _all_rulesets(call: Call) -> Iterable[str]:
    return (_arn(call, "dataQualityRuleset/*"),)


_pass_job_role = pass_roles(
    lambda call: [call.get("Role") or call.get("JobUpdate", {}).get("Role")], GLUE
)
_pass_crawler_role = pass_role("Role", GLUE)
_pass_optimizer_role = pass_roles(
    lambda call: [call.get("TableOptimizerConfiguration", {}).get("roleArn")], GLUE
)


def _write_metadata(call: Call) -> Iterable[Check]:
    """s3:PutObject for the first file of an Iceberg table: Glue writes it for the caller."""
    if glue_iceberg.wanted(call.parameters):
        folder = glue_iceberg.location(call.get("TableInput", {})).removeprefix("s3://")
        bucket = s3.bucket_named(folder.partition("/")[0])
        policy = bucket.policy if bucket is not None else None
        arn = f"arn:aws:s3:::{folder}/metadata/00000-new.metadata.json"
        metadata = Resource(arn, policy=policy.decode() if isinstance(policy, bytes) else policy)
        yield Check("s3:PutObject", (metadata,), {}, implied=True)


_job = _named("job", "JobName", "Name", "JobNames")
_crawler = _named("crawler", "Name", "CrawlerName", "CrawlerNames")
_trigger = _named("trigger", "Name", "TriggerNames")
_workflow = _named("workflow", "Name", "Names")
_ruleset = _named("dataQualityRuleset", "Name")

SERVICE = Service(
    prefix="glue",
    resource=resource,
    tag_action="TagResource",
    rules={
        "CreateDatabase": Rule(_database, tagged=_database_only),
        **each("GetDatabase GetDatabases UpdateDatabase", _database),
        "DeleteDatabase": Rule(_database_with_content),
        **each(
            "GetTable UpdateTable DeleteTable BatchDeleteTable GetTableVersion"
            " GetTableVersions DeleteTableVersion BatchDeleteTableVersion GetPartition"
            " GetPartitions BatchGetPartition CreatePartition BatchCreatePartition"
            " UpdatePartition BatchUpdatePartition DeletePartition BatchDeletePartition"
            " GetPartitionIndexes CreatePartitionIndex DeletePartitionIndex"
            " GetColumnStatisticsForTable UpdateColumnStatisticsForTable"
            " DeleteColumnStatisticsForTable GetColumnStatisticsForPartition"
            " UpdateColumnStatisticsForPartition DeleteColumnStatisticsForPartition"
            " GetTableOptimizer DeleteTableOptimizer ListTableOptimizerRuns",
            _table,
        ),
        "CreateTable": Rule(_table, also=(_write_metadata,)),
        **each("CreateTableOptimizer UpdateTableOptimizer", _table, also=(_pass_optimizer_role,)),
        **each("GetTables SearchTables", _all_tables),
        "CreateConnection": Rule(_connection, tagged=_connection_only),
        **each("UpdateConnection GetConnection", _connection),
        "DeleteConnection": Rule(_connection),
        "GetConnections": Rule(_connections),
        "BatchDeleteConnection": Rule(_connections),
        **each("CreateJob UpdateJob", _job, also=(_pass_job_role,)),
        **each(
            "GetJob DeleteJob BatchGetJobs StartJobRun GetJobRun GetJobRuns BatchStopJobRun", _job
        ),
        **each("CreateCrawler UpdateCrawler", _crawler, also=(_pass_crawler_role,)),
        **each(
            "GetCrawler DeleteCrawler BatchGetCrawlers StartCrawler StopCrawler ListCrawls",
            _crawler,
        ),
        **each(
            "CreateTrigger UpdateTrigger GetTrigger DeleteTrigger StartTrigger StopTrigger"
            " BatchGetTriggers",
            _trigger,
        ),
        **each(
            "CreateWorkflow UpdateWorkflow GetWorkflow DeleteWorkflow BatchGetWorkflows"
            " StartWorkflowRun StopWorkflowRun ResumeWorkflowRun GetWorkflowRun GetWorkflowRuns"
            " GetWorkflowRunProperties PutWorkflowRunProperties",
            _workflow,
        ),
        "CreateDataQualityRuleset": Rule(everything, tagged=_ruleset),
        **each("UpdateDataQualityRuleset GetDataQualityRuleset DeleteDataQualityRuleset", _ruleset),
        "ListDataQualityRulesets": Rule(_all_rulesets),
        **each("TagResource UntagResource GetTags", parameter("ResourceArn")),
        **each(
            "GetDataCatalogEncryptionSettings PutDataCatalogEncryptionSettings GetResourcePolicy"
            " GetResourcePolicies PutResourcePolicy DeleteResourcePolicy",
            _catalog,
        ),
        **each(
            "CreateSecurityConfiguration GetSecurityConfiguration GetSecurityConfigurations"
            " DeleteSecurityConfiguration CreateClassifier UpdateClassifier GetClassifier"
            " GetClassifiers DeleteClassifier GetJobs ListJobs GetCrawlers ListCrawlers"
            " GetCrawlerMetrics GetTriggers ListTriggers ListWorkflows GetJobBookmark"
            " ResetJobBookmark StartCrawlerSchedule StopCrawlerSchedule UpdateCrawlerSchedule",
            everything,
        ),
    },
)
