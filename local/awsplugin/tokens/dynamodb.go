package tokens

var dynamodb = Service{
	Package: "dynamodb",
	Module:  "dynamodb",
	Resources: []Entry{
		{
			Terraform: "aws_dynamodb_table",
			Pulumi:    "Table",
			Fields: Fields{
				"global_secondary_index": {Name: "globalSecondaryIndexes"},
				"local_secondary_index":  {Name: "localSecondaryIndexes"},
			},
		},
	},
	Functions: []Entry{
		{
			Terraform: "aws_dynamodb_table",
			Pulumi:    "getTable",
			Fields: Fields{
				"global_secondary_index": {Name: "globalSecondaryIndexes"},
				"local_secondary_index":  {Name: "localSecondaryIndexes"},
				"point_in_time_recovery": {Shape: Single},
				"ttl":                    {Shape: Single},
			},
		},
	},
}
