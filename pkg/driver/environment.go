package driver

// Environment says where to deploy. Everything else, such as credentials, the state backend and the
// folder of the plugins, Pulumi takes from this process's environment, as it does on a command line.
type Environment struct {
	// Name is the stack name of every project, for example "dev".
	Name string
	// SecretsProvider encrypts secrets of new stacks; empty means what the stack file says.
	SecretsProvider string
}
