package e2e

import "testing"

// BenchmarkUpWithoutChanges times a deployment that has nothing to do, with the driver and with
// plain `pulumi up` in each folder, on the same lake.
func BenchmarkUpWithoutChanges(b *testing.B) {
	lake := newLake(b)
	lake.deploy(b, "up")
	b.Run("tarn", func(b *testing.B) {
		for b.Loop() {
			lake.deploy(b, "up")
		}
	})
	b.Run("pulumi", func(b *testing.B) {
		for b.Loop() {
			lake.pulumi(b, "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive")
		}
	})
}
