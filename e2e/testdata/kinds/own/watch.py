"""A user's streaming job: counts readings as their files come, until it is stopped."""

import argparse

from pyspark.sql import SparkSession

parser = argparse.ArgumentParser(allow_abbrev=False)
for name in ("raw_uri", "TempDir"):
    parser.add_argument(f"--{name}", required=True)
job, _ = parser.parse_known_args()

spark = SparkSession.builder.getOrCreate()
readings = spark.readStream.schema("sensor STRING, degrees DOUBLE").json(
    f"{job.raw_uri}/plant/readings/"
)


def tell(batch, number):
    """Say how many came."""
    print(f"batch {number}: {batch.count()} readings", flush=True)


query = (
    readings.writeStream.foreachBatch(tell)
    .option("checkpointLocation", f"{job.TempDir}watch/")
    .start()
)
query.awaitTermination()
