package pipeline

// Step is one of the things that a pipeline runs, for people who want to know before it is deployed.
type Step struct {
	Name     string   `json:"name"` // of a job, its kind or the name the user gave
	Kind     string   `json:"kind"` // crawler, or the kind of the job
	After    string   `json:"after,omitempty"`
	Workflow bool     `json:"workflow"`           // whether the workflow starts it
	Schedule string   `json:"schedule,omitempty"` // of a job outside of the workflow
	Capacity Capacity `json:"capacity"`           // of a job
}

// Crawler is the kind of the step that crawls.
const Crawler = "crawler"

// Steps gives what the pipeline runs, that of the workflow in its order. The error says what Glue would refuse.
func (a *Args) Steps() ([]Step, error) {
	jobs := a.plan()
	var steps []Step
	after := map[string]string{}
	for _, s := range a.graph(jobs) {
		after[s.name] = s.after
		if s.crawler {
			steps = append(steps, Step{Name: s.name, Kind: Crawler, Workflow: true})
		}
	}
	for _, job := range jobs {
		steps = append(steps, Step{
			Name: job.name, Kind: job.kind, After: after[job.name], Workflow: job.inWorkflow, Schedule: job.schedule,
			Capacity: job.capacity,
		})
	}
	return steps, a.validateJobs(jobs)
}

// Triggers gives how many triggers the workflow has.
func (a *Args) Triggers() int { return len(a.graph(a.plan()).edges()) }
