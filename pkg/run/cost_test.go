package run

import (
	"math"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestCost(t *testing.T) {
	t.Parallel()
	prices := Prices{Standard: 0.44, Flex: 0.29}
	tests := map[string]struct {
		run   types.JobRun
		hours float64
		usd   float64
	}{
		// The example of AWS Glue pricing: 6 DPUs for 15 minutes cost 0.66 USD.
		"the example of AWS": {types.JobRun{ExecutionTime: 900, MaxCapacity: aws.Float64(6)}, 1.5, 0.66},
		"flex": {types.JobRun{
			ExecutionTime: 3600, MaxCapacity: aws.Float64(2), ExecutionClass: types.ExecutionClassFlex, DPUSeconds: aws.Float64(7200),
		}, 2, 0.58},
		"auto scaling held less than its maximum": {types.JobRun{
			ExecutionTime: 3600, MaxCapacity: aws.Float64(10), DPUSeconds: aws.Float64(7200),
		}, 2, 0.88},
		"at least a minute": {types.JobRun{ExecutionTime: 6, MaxCapacity: aws.Float64(60)}, 1, 0.44},
		"at least a minute, scaling": {types.JobRun{
			ExecutionTime: 6, MaxCapacity: aws.Float64(60), DPUSeconds: aws.Float64(180),
		}, 0.5, 0.22},
		"workers":         {types.JobRun{ExecutionTime: 1800, WorkerType: types.WorkerTypeG2x, NumberOfWorkers: aws.Int32(5)}, 5, 2.2},
		"quarter workers": {types.JobRun{ExecutionTime: 3600, WorkerType: types.WorkerTypeG025x, NumberOfWorkers: aws.Int32(2)}, 0.5, 0.22},
		"python shell":    {types.JobRun{ExecutionTime: 3600, MaxCapacity: aws.Float64(0.0625)}, 0.0625, 0.0275},
		"never got going": {types.JobRun{MaxCapacity: aws.Float64(10)}, 0, 0},
		"unknown":         {types.JobRun{ExecutionTime: 3600, WorkerType: "G.99X", NumberOfWorkers: aws.Int32(5)}, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usage := usageOf(test.run)
			if hours, usd := usage.DPUHours(), prices.Cost(usage); !near(hours, test.hours) || !near(usd, test.usd) {
				t.Errorf("%v DPU-hours and %v USD, want %v and %v", hours, usd, test.hours, test.usd)
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestEveryWorkerTypeHasItsDPUs(t *testing.T) {
	t.Parallel()
	for _, worker := range types.WorkerType("").Values() {
		if workerDPUs[string(worker)] == 0 {
			t.Errorf("worker type %s has no DPUs", worker)
		}
	}
}

func TestPrices(t *testing.T) {
	t.Parallel()
	tests := map[string]Prices{
		"0.5":                     {0.5, 0.5},
		"flex=0.1":                {0.44, 0.1},
		"standard=1, flex=0.5":    {1, 0.5},
		"0":                       {0, 0},
		"standard=0.44,flex=0.29": ListPrices(),
	}
	for text, want := range tests {
		prices := ListPrices()
		if err := prices.Set(text); err != nil || prices != want {
			t.Errorf("%q: %+v, error %v", text, prices, err)
		}
	}
	for _, text := range []string{"", "-1", "a", "spot=0.1", "standard=", "NaN", "0.4;0.3", "standard=0.4,"} {
		prices := ListPrices()
		if err := prices.Set(text); err == nil || prices != ListPrices() {
			t.Errorf("%q was taken: %+v, error %v", text, prices, err)
		}
	}
}

func FuzzPrices(f *testing.F) {
	f.Add("0.44")
	f.Add("standard=0.44,flex=0.29")
	f.Fuzz(func(t *testing.T, text string) {
		prices := ListPrices()
		if prices.Set(text) != nil {
			return
		}
		again := Prices{}
		if err := again.Set(prices.String()); err != nil || again != prices {
			t.Errorf("%q: %+v is read back as %+v, error %v", text, prices, again, err)
		}
	})
}
