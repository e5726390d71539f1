package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
)

// jobLogs makes the log groups of the pipeline's jobs.
func (p *Pipeline) jobLogs(ctx *pulumi.Context, name string, jobs []plannedJob) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	made := map[contract.LogGroups]bool{}
	for _, job := range jobs {
		logs := p.logsOf(job.kind)
		if made[logs] {
			continue
		}
		made[logs] = true
		for stream, physical := range map[string]string{"output": logs.Output, "error": logs.Error} {
			part := "-log-" + stream
			if job.kind == dataset.PythonShell {
				part = "-" + dataset.PythonShell + part
			}
			group, err := p.logGroup(ctx, name+part, physical)
			if err != nil {
				return nil, err
			}
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// logsOf gives the names of the log groups of jobs of a kind.
func (p *Pipeline) logsOf(kind string) contract.LogGroups {
	return jobLogGroups(kind, p.logPrefix(), p.encryptionName(), cmp.Or(p.args.Roles.Job, p.roleARN(p.name("job"))))
}

// commands are Glue's words for the kinds of jobs, with the Python each runs (Glue API Reference, JobCommand).
var commands = map[string]struct{ name, python string }{
	dataset.Spark: {"glueetl", "3"}, dataset.PythonShell: {"pythonshell", "3.9"}, dataset.Streaming: {"gluestreaming", "3"},
}

// pythonGlueVersion is the version of Glue that has Python 3.9 for python-shell jobs; the later ones are Spark's (Glue User
// Guide, "Configuring job properties for Python shell jobs").
const pythonGlueVersion = "3.0"

// job makes a job.
func (p *Pipeline) job(ctx *pulumi.Context, name string, job plannedJob, role *role, after []pulumi.Resource) (*glue.Job, error) {
	capacity, command := job.capacity, commands[job.kind]
	args := &glue.JobArgs{
		Name:        pulumi.String(p.name(job.name)),
		Description: pulumi.String(fmt.Sprintf("Pipeline %s: %s", p.args.Pipeline.Name, strings.ReplaceAll(job.name, "-", " "))),
		RoleArn:     role.arn,
		Command: glue.JobCommandArgs{
			Name: pulumi.String(command.name), PythonVersion: pulumi.String(command.python), ScriptLocation: p.script(job),
		},
		SecurityConfiguration: p.Encryption.Name,
		Connections:           p.Connections,
		MaxRetries:            pulumi.Int(*capacity.MaxRetries),
		ExecutionProperty:     glue.JobExecutionPropertyArgs{MaxConcurrentRuns: pulumi.Int(1)},
		DefaultArguments:      p.arguments(job),
		Tags:                  p.tags(),
	}
	if job.kind == dataset.Streaming {
		// Glue starts it anew in its window, at the latest after seven days (Glue User Guide, "Maintenance windows for AWS
		// Glue Streaming"), so it has no timeout. Queuing and FLEX are for jobs that end.
		args.MaintenanceWindow = pulumi.String(capacity.MaintenanceWindow)
	} else {
		args.Timeout = pulumi.Int(capacity.TimeoutMinutes)
		args.JobRunQueuingEnabled = pulumi.Bool(*capacity.Queuing)
		// Glue tells EventBridge of a run that takes so long.
		args.NotificationProperty = glue.JobNotificationPropertyArgs{NotifyDelayAfter: pulumi.Int(p.args.delay(job))}
	}
	if job.kind == dataset.PythonShell {
		args.GlueVersion = pulumi.String(pythonGlueVersion)
		args.MaxCapacity = pulumi.Float64(capacity.PythonCapacity)
	} else {
		args.GlueVersion = pulumi.String(capacity.GlueVersion)
		args.WorkerType = pulumi.String(capacity.WorkerType)
		args.NumberOfWorkers = pulumi.Int(capacity.MaxWorkers)
		args.ExecutionClass = pulumi.String(executionClass(job)) // left out, every later deploy would show a change
	}
	return glue.NewJob(ctx, name+"-"+job.name, args, pulumi.Parent(p), pulumi.DependsOn(slices.Concat(after, role.ready)))
}

// executionClass is what the job gets: FLEX is for Spark jobs that end (Glue API Reference, CreateJob). A python-shell
// job has none.
func executionClass(job plannedJob) string {
	switch job.kind {
	case dataset.PythonShell:
		return ""
	case dataset.Streaming:
		return standard
	default:
		return job.capacity.ExecutionClass
	}
}

// delay is after how many minutes Glue says that a run takes long.
func (a *Args) delay(job plannedJob) int {
	return max(1, min(cmp.Or(a.Pipeline.Alarms.DurationMinutes, job.capacity.TimeoutMinutes*3/4), job.capacity.TimeoutMinutes))
}

func (p *Pipeline) script(job plannedJob) pulumi.StringOutput {
	if job.own != nil {
		return p.Code.Files[job.own.Script]
	}
	return p.Code.Scripts[job.name]
}
