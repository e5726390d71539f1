package catalog

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CrawlerChange is what a crawler looks at again, and what it does about tables that have changed. The rules are the
// same for every crawler of files.
type CrawlerChange struct {
	Recrawl      string // everything, new-folders or events
	SchemaChange SchemaChange
}

const (
	recrawlEverything = "everything"
	recrawlNewFolders = "new-folders"
	recrawlEvents     = "events"
	changeLog         = "log"
	changeUpdate      = "update"
)

// recrawls, updates and deletes are Glue's words for ours (Glue API Reference, RecrawlPolicy and SchemaChangePolicy).
var (
	recrawls = map[string]string{
		recrawlEverything: "CRAWL_EVERYTHING", recrawlNewFolders: "CRAWL_NEW_FOLDERS_ONLY", recrawlEvents: "CRAWL_EVENT_MODE",
	}
	updates = map[string]string{changeLog: "LOG", changeUpdate: "UPDATE_IN_DATABASE"}
	deletes = map[string]string{changeLog: "LOG", "deprecate": "DEPRECATE_IN_DATABASE"}
)

// filled gives the defaults: update and log, and to log both where Glue allows nothing else.
func (c CrawlerChange) filled() CrawlerChange {
	if c.Recrawl == "" {
		c.Recrawl = recrawlEverything
	}
	if c.SchemaChange.Update == "" {
		c.SchemaChange.Update = changeUpdate
		if c.Recrawl != recrawlEverything {
			c.SchemaChange.Update = changeLog
		}
	}
	if c.SchemaChange.Delete == "" {
		c.SchemaChange.Delete = changeLog // a missing file is no reason to touch a table
	}
	return c
}

// Filled gives everything in Glue's words, with the defaults filled in.
func (c CrawlerChange) Filled() CrawlerChange {
	c = c.filled()
	return CrawlerChange{
		Recrawl:      recrawls[c.Recrawl],
		SchemaChange: SchemaChange{Update: updates[c.SchemaChange.Update], Delete: deletes[c.SchemaChange.Delete]},
	}
}

// Options are those of the crawler's resource. c is in Glue's words.
func (c CrawlerChange) Options() []pulumi.ResourceOption {
	if c.Recrawl != recrawls[recrawlNewFolders] {
		return nil
	}
	// Glue does not change the folders of such a crawler (Glue User Guide, "Scheduling incremental crawls").
	return []pulumi.ResourceOption{pulumi.ReplaceOnChanges([]string{"s3Targets"}), pulumi.DeleteBeforeReplace(true)}
}

// Validate refuses what Glue would refuse of a crawler that no events tell of files. The keys are those of the settings.
func (c CrawlerChange) Validate(recrawl, update, remove string) error {
	c = c.filled()
	problems := c.check(recrawl, update, remove, recrawl)
	if c.Recrawl == recrawlEvents {
		problems = append(problems, fmt.Errorf("%s events: no queue tells this crawler of files; want everything or new-folders", recrawl))
	}
	return errors.Join(problems...)
}

// check refuses what Glue would refuse of every crawler of files. The keys are those of the settings; that of the pair
// is where a pair is refused.
func (c CrawlerChange) check(recrawl, update, remove, pair string) []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if recrawls[c.Recrawl] == "" {
		add("%s %q: want everything, new-folders or events", recrawl, c.Recrawl)
	}
	if updates[c.SchemaChange.Update] == "" {
		add("%s %q: want log or update", update, c.SchemaChange.Update)
	}
	switch {
	case c.SchemaChange.Delete == "delete":
		add("%s delete: files that are away for a moment would take the table's description and grants with them, "+
			"and only personas may delete tables; want log or deprecate", remove)
	case deletes[c.SchemaChange.Delete] == "":
		add("%s %q: want log or deprecate", remove, c.SchemaChange.Delete)
	}
	// Glue User Guide, "Scheduling incremental crawls for adding new partitions" and "Accelerating crawls
	// using Amazon S3 event notifications". Glue says so only when it is asked to make the crawler.
	if recrawls[c.Recrawl] != "" && c.Recrawl != recrawlEverything &&
		(c.SchemaChange.Update != changeLog || c.SchemaChange.Delete != changeLog) {
		add("%s: with recrawl %s Glue allows only update: log and delete: log", pair, c.Recrawl)
	}
	return problems
}
