package tokens

var cloudwatch = Service{
	Package: "cloudwatch",
	Module:  "cloudwatch",
	Resources: []Entry{
		{Terraform: "aws_cloudwatch_composite_alarm", Pulumi: "CompositeAlarm"},
		{Terraform: "aws_cloudwatch_dashboard", Pulumi: "Dashboard"},
		{
			Terraform: "aws_cloudwatch_metric_alarm",
			Pulumi:    "MetricAlarm",
			Fields:    Fields{"alarm_name": {Name: "name", AutoName: Auto{MaxLength: 255}}},
		},
	},
}

var events = Service{
	Package: "events",
	Module:  "cloudwatch",
	Resources: []Entry{
		{Terraform: "aws_cloudwatch_event_bus", Pulumi: "EventBus"},
		{Terraform: "aws_cloudwatch_event_rule", Pulumi: "EventRule"},
		{Terraform: "aws_cloudwatch_event_target", Pulumi: "EventTarget"},
	},
}

var logs = Service{
	Package: "logs",
	Module:  "cloudwatch",
	Resources: []Entry{
		{Terraform: "aws_cloudwatch_log_group", Pulumi: "LogGroup"},
		{Terraform: "aws_cloudwatch_log_metric_filter", Pulumi: "LogMetricFilter"},
		{Terraform: "aws_cloudwatch_log_resource_policy", Pulumi: "LogResourcePolicy"},
		{Terraform: "aws_cloudwatch_query_definition", Pulumi: "QueryDefinition"},
	},
	Functions: []Entry{
		{Terraform: "aws_cloudwatch_log_group", Pulumi: "getLogGroup"},
	},
}
