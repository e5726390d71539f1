package deploypolicy

// Everything that alerts and the arrival of files are made of begins with the environment's name. Nobody who deploys
// may read a queue's messages or send alerts.

var cloudwatchRules = []rule{
	{
		actions: []string{"*MetricAlarm", "*Alarms", "ListTagsForResource", "TagResource", "UntagResource"},
		scope: scope{sid: "Alarms", resources: fixed(func(p *Params) []string {
			return []string{p.Account.ARN("cloudwatch", "alarm:"+p.Scope.Name("*"))}
		})},
	},
	{
		actions: []string{"PutDashboard", "GetDashboard", "DeleteDashboards"},
		scope: scope{sid: "Dashboards", resources: fixed(func(p *Params) []string {
			return []string{p.Account.GlobalARN("cloudwatch", "dashboard/"+p.Scope.Name("*"))}
		})},
	},
}

var eventsRules = []rule{{
	actions: []string{"*Rule", "*Targets", "ListTargetsByRule", "ListTagsForResource", "TagResource", "UntagResource"},
	scope: scope{sid: "Rules", resources: fixed(func(p *Params) []string {
		return []string{p.Account.ARN("events", "rule/"+p.Scope.Name("*"))}
	})},
}}

var snsRules = []rule{
	{
		// A subscription is named by its topic and an id. What is asked for by that name alone knows no resource.
		actions: []string{"GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"},
		scope: scope{
			sid: "Subscriptions", resources: anything, conditions: (*Params).inRegion,
			everywhere: "SNS knows no resource for what is asked of one subscription (Service Authorization Reference, \"Amazon SNS\")",
		},
	},
	{
		actions: []string{
			"CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe",
			"ListTagsForResource", "TagResource", "UntagResource",
		},
		scope: scope{sid: "Topics", resources: fixed(func(p *Params) []string {
			return []string{p.Account.ARN("sns", p.Scope.Name("*"))}
		})},
	},
}

var sqsRules = []rule{{
	actions: []string{
		"CreateQueue", "DeleteQueue", "GetQueueAttributes", "ListQueueTags", "SetQueueAttributes", "TagQueue", "UntagQueue",
	},
	scope: scope{sid: "Queues", resources: fixed(func(p *Params) []string {
		return []string{p.Account.ARN("sqs", p.Scope.Name("*"))}
	})},
}}
