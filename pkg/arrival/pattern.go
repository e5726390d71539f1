package arrival

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
)

// maxPattern is the size limit of a rule's pattern (EventBridge User Guide, "Amazon EventBridge quotas").
const maxPattern = 2048

// eventPattern is what S3 tells EventBridge of a new object (Amazon S3 User Guide, "EventBridge event message
// structure") as far as it matters here.
type eventPattern struct {
	Source     []string `json:"source"`
	DetailType []string `json:"detail-type"`
	Detail     struct {
		Bucket struct {
			Name []string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key  []prefix  `json:"key"`
			Size []numeric `json:"size"`
		} `json:"object"`
	} `json:"detail"`
}

type prefix struct {
	Prefix string `json:"prefix"`
}

type numeric struct {
	Numeric []any `json:"numeric"`
}

// patternOf gives the text of the pattern. Objects without content are left out: consoles make them to show folders.
func patternOf(bucket string, folders []string) (string, error) {
	p := eventPattern{Source: []string{"aws.s3"}, DetailType: []string{"Object Created"}}
	p.Detail.Bucket.Name = []string{bucket}
	for _, folder := range folders {
		p.Detail.Object.Key = append(p.Detail.Object.Key, prefix{folder})
	}
	p.Detail.Object.Size = []numeric{{[]any{">", 0}}}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // EventBridge counts characters
	err := encoder.Encode(p)
	return strings.TrimSpace(text.String()), err
}

// folders gives the folders to watch: the source paths of the data sets or, where their list is too long for a rule,
// folders above several of them. Watching more than needed starts a run that finds nothing new.
func folders(datasets []dataset.Dataset) ([]string, error) {
	var all []string
	for _, d := range datasets {
		all = append(all, d.Source.Path)
	}
	all = outermost(all)
	for {
		// The longest name a bucket can have: what is accepted for one is accepted for all.
		text, err := patternOf(strings.Repeat("b", naming.MaxBucket), all)
		if err != nil || len(text) <= maxPattern {
			return all, err
		}
		above := commonest(all)
		if above == "" {
			return nil, fmt.Errorf("arrival: the rule that waits for files in %d folders would have %d characters, EventBridge allows %d: "+
				"put the source paths of the data sets below a common folder, or make two pipelines of this one", len(all), len(text), maxPattern)
		}
		all = outermost(append(all, above))
	}
}

// outermost sorts folders and leaves out those that are inside of others.
func outermost(all []string) []string {
	var kept []string
	for _, folder := range slices.Compact(slices.Sorted(slices.Values(all))) {
		if len(kept) == 0 || !strings.HasPrefix(folder, kept[len(kept)-1]) { // sorted, so the outer one comes first
			kept = append(kept, folder)
		}
	}
	return kept
}

// commonest gives the folder directly above the most folders, at least two; the first by name of several. It is empty
// when there is none but the bucket itself.
func commonest(all []string) string {
	children := map[string]int{}
	for _, folder := range all {
		// Not path.Dir, which would also tidy up: the result has to be the beginning of the folder.
		if end := strings.LastIndex(strings.TrimSuffix(folder, "/"), "/"); end > 0 {
			children[folder[:end+1]]++
		}
	}
	best := ""
	for above, n := range children {
		if n > 1 && (best == "" || n > children[best] || n == children[best] && above < best) {
			best = above
		}
	}
	return best
}
