package toolchain

import (
	"context"
	"fmt"
	"strings"
)

// Find gives the tools without making any; it fails when one is missing. Commands that only look at what is running
// use it: nobody expects them to start a build.
func Find(ctx context.Context, paths Paths) (Tools, error) {
	var absent []string
	for _, line := range lines(paths) {
		for _, t := range line {
			if found := t.find(ctx); found.Missing() {
				absent = append(absent, found.Name)
			}
		}
	}
	if len(absent) > 0 {
		return Tools{}, fmt.Errorf("missing: %s; make them with: %s", strings.Join(absent, ", "), fixCommand)
	}
	return tools(ctx, paths)
}
