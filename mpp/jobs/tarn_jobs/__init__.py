"""What the Glue jobs of Tarn share: from raw files to Iceberg tables that equal their sources.

Only pyspark, boto3 and the standard library: the package is deployed as a zip file and has to
run on AWS Glue 5.1 exactly as it runs on a laptop.
"""
