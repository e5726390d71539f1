package ledger

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Result is how a deployment ended.
type Result string

// The results of a deployment.
const (
	Succeeded Result = "succeeded"
	Failed    Result = "failed"
	Cancelled Result = "cancelled"
)

// Entry is one deployment of one project.
type Entry struct {
	Commit  string         `json:"commit,omitempty"` // of the program
	Time    time.Time      `json:"time"`             // of its end
	Actor   string         `json:"actor"`            // user@host
	RunURL  string         `json:"runUrl,omitempty"` // of the CI job
	Command string         `json:"command"`          // such as "tarn up"; cut off after 1,000 bytes
	Result  Result         `json:"result"`
	Changes map[string]int `json:"changes,omitempty"` // resources by what was done to them, such as "create"
	Seconds float64        `json:"seconds"`           // how long it took
	Token   int64          `json:"token"`             // the lease's, 0 when there was no lease

	// ID tells two equal deployments apart; Record sets it.
	ID string `json:"id"`
}

// longestCommand keeps MaxEntries of them far below DynamoDB's 400 KB for an item, whatever the user
// named on the command line.
const longestCommand = 1000

// identified gives the entry as it is stored.
func (e Entry) identified() Entry {
	e.ID = rand.Text()
	e.Time = e.Time.UTC()
	if len(e.Command) > longestCommand {
		e.Command = e.Command[:longestCommand]
	}
	return e
}

// Project is what the ledger knows of one project.
type Project struct {
	Entries  []Entry `json:"entries"`            // newest first, at most MaxEntries
	LastGood *Entry  `json:"lastGood,omitempty"` // the last that succeeded, also when Entries has lost it
}

func decode(attributes map[string]types.AttributeValue) (Project, error) {
	var p Project
	for _, raw := range texts(attributes[attrEntries]) {
		var e Entry
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			return Project{}, err
		}
		p.Entries = append(p.Entries, e)
	}
	if good, ok := attributes[attrLastGood].(*types.AttributeValueMemberS); ok {
		p.LastGood = &Entry{}
		if err := json.Unmarshal([]byte(good.Value), p.LastGood); err != nil {
			return Project{}, err
		}
	}
	return p, nil
}

// texts gives the texts of a list; a value that is no list has none.
func texts(value types.AttributeValue) []string {
	list, ok := value.(*types.AttributeValueMemberL)
	if !ok {
		return nil
	}
	var all []string
	for _, element := range list.Value {
		if s, ok := element.(*types.AttributeValueMemberS); ok {
			all = append(all, s.Value)
		}
	}
	return all
}
