package contract

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
