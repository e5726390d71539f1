package policy

// ServiceTrust lets one AWS service assume a role, for the given account only: without the
// condition the service could be talked into using the role for somebody else's resource
// (IAM User Guide, "The confused deputy problem"). With sources, the resources on whose behalf the
// service acts must be among those ARNs.
func ServiceTrust(service, account string, sources ...string) Document {
	conditions := Conditions{"StringEquals": {"aws:SourceAccount": {account}}}
	if len(sources) > 0 {
		conditions["ArnEquals"] = map[string][]string{"aws:SourceArn": sources}
	}
	return Document{Statements: []Statement{{
		Sid:        "AssumedByService",
		Effect:     Allow,
		Principal:  &Principal{Services: []string{service}},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: conditions,
	}}}
}

// AssumedBy lets one user or role of the account assume a role. The condition repeats the principal,
// because IAM stores a principal by its hidden id: it keeps the trust to the name when somebody
// deletes and makes the user again (IAM User Guide, "AWS JSON policy elements: Principal").
func AssumedBy(sid, principalARN string) Statement {
	return Statement{
		Sid:        sid,
		Effect:     Allow,
		Principal:  &Principal{AWS: []string{principalARN}},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: Conditions{"ArnEquals": {"aws:PrincipalArn": {principalARN}}},
	}
}
