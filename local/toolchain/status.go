package toolchain

// Origin says where a tool comes from.
type Origin string

// The origins.
const (
	OnPath     Origin = "PATH"        // installed by the user
	UserHome   Origin = "Pulumi home" // taken over from the user's own Pulumi home
	Downloaded Origin = "downloaded"  // from its vendor
	Built      Origin = "built"       // from Go modules
	Registry   Origin = "registry"    // from PyPI or a Maven repository
	Missing    Origin = "missing"
)

// Status is what is known of a tool.
type Status struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Path    string `json:"path,omitempty"`
	Origin  Origin `json:"origin"`
	// Detail says why a tool does not count as there, or anything else worth knowing.
	Detail string `json:"detail,omitempty"`
	// Fix is a command, or what else to do, when the tool is missing.
	Fix string `json:"fix,omitempty"`
	// Optional marks a tool that the local environment works without.
	Optional bool `json:"optional,omitempty"`
}

// Missing tells whether the tool has to be made or installed.
func (s Status) Missing() bool {
	return s.Origin == Missing
}

// fixCommand makes whatever this package can make.
const fixCommand = "tarn doctor --fix"

// missing is the status of a tool that this package can make.
func missing(name, version, detail string) Status {
	return Status{Name: name, Version: version, Origin: Missing, Detail: detail, Fix: fixCommand}
}
