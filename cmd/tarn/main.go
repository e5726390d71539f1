// Command tarn deploys the lake, runs its pipelines and keeps the local environment.
package main

import (
	"os"
)

func main() {
	os.Exit(runCommandLine(os.Args[1:], os.Stdout, os.Stderr))
}
