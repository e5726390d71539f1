package sdkcheck

import (
	"errors"
	"fmt"
)

// SDKModule is the module the plugin must agree with. Its version is in go.mod.
const SDKModule = "github.com/pulumi/pulumi-aws/sdk/v6"

// Check compares a schema file with the SDK in a folder and fails on every difference that is not accepted.
func Check(schemaFile, moduleFolder string) error {
	schema, err := ReadSchema(schemaFile)
	if err != nil {
		return err
	}
	sdk, err := OpenSDK(moduleFolder)
	if err != nil {
		return err
	}
	found, err := Compare(schema, sdk)
	if err != nil {
		return err
	}
	var problems []error
	unaccepted, outdated := Unaccepted(found)
	for _, difference := range unaccepted {
		problems = append(problems, errors.New(difference.String()))
	}
	for _, where := range outdated {
		problems = append(problems, fmt.Errorf("%s: accepted as a difference, but it is none any more", where))
	}
	return errors.Join(problems...)
}
