"""A user's Spark job: reads an analytics table and leaves a text for the job after it."""

import argparse

import boto3
from pyspark.sql import SparkSession
from wording import sentence

parser = argparse.ArgumentParser(allow_abbrev=False)
for name in ("greeting", "analytics_database", "report_uri", "WORKFLOW_RUN_ID"):
    parser.add_argument(f"--{name}", required=True)
job, _ = parser.parse_known_args()

spark = SparkSession.builder.getOrCreate()
table = f"glue_catalog.{job.analytics_database}.hottest"
hottest = spark.sql(f"SELECT sensor, degrees FROM {table} ORDER BY degrees DESC LIMIT 1").head()
text = sentence(job.greeting, hottest.sensor, hottest.degrees)
print(text, flush=True)
bucket, _, prefix = job.report_uri.removeprefix("s3://").partition("/")
boto3.client("s3").put_object(
    Bucket=bucket, Key=f"{prefix}/{job.WORKFLOW_RUN_ID}/summary.txt", Body=text.encode()
)
