package names

const (
	IAM = "iam"
	RDS = "rds"
	S3  = "s3"
)
