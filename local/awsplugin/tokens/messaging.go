package tokens

var sns = Service{
	Package: "sns",
	Module:  "sns",
	Resources: []Entry{
		{Terraform: "aws_sns_topic", Pulumi: "Topic"},
		{Terraform: "aws_sns_topic_policy", Pulumi: "TopicPolicy"},
		{
			Terraform: "aws_sns_topic_subscription",
			Pulumi:    "TopicSubscription",
			Fields:    Fields{"topic_arn": {Name: "topic"}},
		},
	},
	Functions: []Entry{
		{Terraform: "aws_sns_topic", Pulumi: "getTopic"},
	},
}

var sqs = Service{
	Package: "sqs",
	Module:  "sqs",
	Resources: []Entry{
		{Terraform: "aws_sqs_queue", Pulumi: "Queue"},
		{Terraform: "aws_sqs_queue_policy", Pulumi: "QueuePolicy"},
	},
}
