package contract

import "fmt"

// GovernanceType is the type token of the component whose outputs are a Governance.
const GovernanceType = "tarn:governance:LakeFormation"

// Governance is what a deployment has done to Lake Formation's settings of the whole account. It crosses to
// the driver in the outputs of a component, which are there also when the deployment failed later.
type Governance struct {
	Mode           string           `json:"mode"`           // hybrid or full; empty when there is nothing in Lake Formation
	Administrators []string         `json:"administrators"` // whom it named as administrators
	Databases      []string         `json:"databases"`      // those of the lake
	Before         GovernanceBefore `json:"before"`
}

// GovernanceBefore is what the settings were before the first such deployment.
type GovernanceBefore struct {
	Administrators   []string `json:"administrators"`
	DatabaseDefaults bool     `json:"databaseDefaults"` // whether new databases were left to IAM
	TableDefaults    bool     `json:"tableDefaults"`    // whether new tables were left to IAM
}

// word gives a required text as it is, for what decides which resources there are.
func (r *reader) word(output string) string {
	details, err := r.ref.GetOutputDetails(output)
	switch {
	case err != nil:
		r.fail(output, err.Error())
	case details.Value == nil:
		r.fail(output, "is missing; run `pulumi up` in that project again")
	default:
		if value, ok := details.Value.(string); ok && value != "" {
			return value
		}
		r.fail(output, fmt.Sprintf("is %#v, want a string that is not empty", details.Value))
	}
	return ""
}

// deployers gives the ARNs of the roles that deploy the layers after bootstrap, as far as there are any.
func (r *reader) deployers() []string {
	var arns []string
	add := func(value any) {
		if arn, ok := value.(string); ok && arn != "" {
			arns = append(arns, arn)
		}
	}
	role, err := r.ref.GetOutputDetails(outDeployRoleARN)
	if err != nil {
		r.fail(outDeployRoleARN, err.Error())
		return nil
	}
	layers, err := r.ref.GetOutputDetails(outLayerRoleARNs)
	if err != nil {
		r.fail(outLayerRoleARNs, err.Error())
		return nil
	}
	add(role.Value)
	byLayer, _ := layers.Value.(map[string]any)
	add(byLayer[ProjectDatalake])
	add(byLayer[ProjectMPP])
	return arns
}
