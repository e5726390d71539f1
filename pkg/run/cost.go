package run

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Prices are what a DPU-hour costs, in US dollars.
type Prices struct {
	Standard float64 `json:"standard"`
	Flex     float64 `json:"flex"`
}

// ListPrices gives the prices of Spark jobs in us-east-1 (AWS Glue pricing, "ETL jobs and interactive sessions").
func ListPrices() Prices {
	return Prices{Standard: 0.44, Flex: 0.29}
}

// CostNote says what a cost is worth.
const CostNote = "an estimate: DPU-hours of the jobs at Glue's list price of us-east-1 (or --dpu-price); " +
	"crawlers, storage and requests are not in it"

// minimumSeconds is how long a job run is paid for at least (AWS Glue pricing).
const minimumSeconds = 60

// workerDPUs is how many DPUs a worker has (Glue API Reference, JobRun, WorkerType).
var workerDPUs = map[string]float64{
	"Standard": 1, "G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16,
	"R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8, "Z.2X": 2,
}

// Usage is what one job run held, and for how long.
type Usage struct {
	DPUs       float64 // at most at once
	Seconds    int32
	DPUSeconds float64 // 0 where Glue does not tell: it does for flex and auto scaling
	Flex       bool
}

func usageOf(run types.JobRun) Usage {
	usage := Usage{
		DPUs: aws.ToFloat64(run.MaxCapacity), Seconds: run.ExecutionTime, DPUSeconds: aws.ToFloat64(run.DPUSeconds),
		Flex: run.ExecutionClass == types.ExecutionClassFlex,
	}
	if usage.DPUs == 0 {
		usage.DPUs = workerDPUs[string(run.WorkerType)] * float64(aws.ToInt32(run.NumberOfWorkers))
	}
	return usage
}

// DPUHours gives what is paid for.
func (u Usage) DPUHours() float64 {
	if u.Seconds <= 0 {
		return 0 // it never got a machine
	}
	billed := max(float64(u.Seconds), minimumSeconds)
	if u.DPUSeconds > 0 {
		return u.DPUSeconds * billed / float64(u.Seconds) / 3600
	}
	return u.DPUs * billed / 3600
}

// Cost gives the price of a job run in US dollars.
func (p Prices) Cost(u Usage) float64 {
	if u.Flex {
		return u.DPUHours() * p.Flex
	}
	return u.DPUHours() * p.Standard
}

// Set reads one price for all jobs, or prices such as standard=0.44,flex=0.29, as a flag gives them.
func (p *Prices) Set(text string) error {
	read, err := parsePrices(text, *p)
	if err != nil {
		return err
	}
	*p = read
	return nil
}

// String is the form that Set reads.
func (p *Prices) String() string {
	return strings.Join([]string{"standard=" + formatPrice(p.Standard), "flex=" + formatPrice(p.Flex)}, ",")
}

// Type names the flag's value in the help.
func (p *Prices) Type() string { return "usd" }
