package dataset

import "regexp"

var domainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`) // as datalake:settings.domains has it

// minOrphanDays keeps files that a running job has written and not yet committed. Iceberg's own default is three days
// (Iceberg documentation, "Spark Procedures", remove_orphan_files).
const minOrphanDays = 3

// check refuses what AWS would, and what can never run.
func (p Pipeline) check(r report, templates Templates) {
	r.identifier("name", p.Name, maxPipeline)
	if p.Domain != "" && !domainName.MatchString(p.Domain) {
		r("domain", "%q: want lower-case letters, digits and underscores, at most %d", p.Domain, maxPipeline)
	}
	if p.Schedule != "" {
		if err := checkSchedule(p.Schedule); err != nil {
			r("schedule", "%v", err)
		}
		if p.Arrival != nil {
			r("arrival", "there is a schedule too: a pipeline starts by one of them, remove the other")
		}
	}
	if p.Arrival != nil {
		// Glue API Reference, EventBatchingCondition: BatchSize 1 to 100, BatchWindow up to 900. A window of less than a
		// minute would start runs, each of which is paid for a minute at least, faster than they end.
		r.between("arrival.files", p.Arrival.Files, 1, 100)
		r.between("arrival.within_seconds", p.Arrival.WithinSeconds, 60, 900)
	}
	r.template(p.Template, Spark, templates)
	if p.Maintenance != nil {
		p.Maintenance.check(r.within("maintenance"))
	}
	r.between("alarms.duration_minutes", p.Alarms.DurationMinutes, 1, maxTimeoutMinutes)
	if p.Alarms.QuarantineRatio < 0 || p.Alarms.QuarantineRatio > 1 {
		r("alarms.quarantine_ratio", "is %v, want 0 to 1", p.Alarms.QuarantineRatio)
	}
}

// template refuses one that is not there, and one that is not for the kind of job.
func (r report) template(name, kind string, templates Templates) {
	if name == "" {
		return
	}
	if _, found := templates[name]; !found {
		r("template", "there is no template %q; %s", name, there(templates))
		return
	}
	if merged, err := templates.Merged(name); err == nil { // what is wrong with the chain is a problem of the template
		merged.checkFor(r, kind)
	}
}

func (m Maintenance) check(r report) {
	if m.By != "" {
		r.oneOf("by", m.By, []string{ByJob, ByOptimizer, ByNobody})
	}
	if m.Schedule != "" {
		if m.By != "" && m.By != ByJob {
			r("schedule", "only the job has one, and maintenance is by %s: remove it", m.By)
		}
		if err := checkSchedule(m.Schedule); err != nil {
			r("schedule", "%v", err)
		}
	}
	r.between("snapshot_days", m.SnapshotDays, 1, maxRetentionDays)
	r.between("orphan_days", m.OrphanDays, minOrphanDays, maxRetentionDays)
	r.between("target_file_mb", m.TargetFileMB, 1, 2048)
}
