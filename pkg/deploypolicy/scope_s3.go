package deploypolicy

import "github.com/tarn-data/tarn/pkg/zone"

var s3Rules = []rule{
	{
		actions: []string{"PutObject"},
		layers:  []Layer{Datalake},
		scope:   scope{sid: "TableMetadata", resources: tableMetadata},
	},
	{
		actions: []string{"GetObject"},
		layers:  []Layer{MPP},
		scope:   scope{sid: "Objects", resources: objects},
		also: []scope{{sid: "Reports", resources: fixed(func(p *Params) []string {
			return []string{p.dataBucket(zone.Artifacts) + "/reports/*"} // what the jobs of a run say of themselves
		})}},
	},
	{
		actions: []string{"*Object", "*ObjectTagging", "*ObjectVersion", "*ObjectAttributes", "*MultipartUpload*"},
		scope:   scope{sid: "Objects", resources: objects},
	},
	{
		actions: []string{
			"*Bucket*", "*AccelerateConfiguration", "*EncryptionConfiguration", "*IntelligentTieringConfiguration",
			"*InventoryConfiguration", "*LifecycleConfiguration", "*MetricsConfiguration", "*ReplicationConfiguration",
		},
		scope: scope{sid: "Buckets", resources: buckets},
	},
}

// buckets are the buckets that a layer makes; mpp makes none and uploads to two.
func buckets(p *Params, layer Layer) []string {
	switch layer {
	case Bootstrap:
		return p.bootstrapBuckets("")
	case MPP:
		return []string{p.dataBucket(zone.Artifacts), p.dataBucket(zone.Raw)}
	default:
		return append(p.lakeBuckets(""), p.lakeCopies())
	}
}

// objects are what a layer uploads, or deletes where a stack empties its buckets.
func objects(p *Params, layer Layer) []string {
	switch layer {
	case Bootstrap:
		return p.bootstrapBuckets("/*")
	case MPP:
		return append(code(p), p.dataBucket(zone.Raw)+"/*")
	default:
		return append(p.lakeBuckets("/*"), p.lakeCopies()+"/*")
	}
}

// tableMetadata is where Glue writes the first file of an Iceberg table, with the rights of who makes it.
func tableMetadata(p *Params, _ Layer) []string {
	var folders []string
	for _, kind := range []zone.Kind{zone.Staged, zone.Analytics, zone.Quarantine} {
		folders = append(folders, p.dataBucket(kind)+"/*/metadata/*.metadata.json")
	}
	return folders
}

// code is where the job scripts and what they have to do are.
func code(p *Params) []string {
	artifacts := p.dataBucket(zone.Artifacts)
	return []string{artifacts + "/code/*", artifacts + "/manifests/*"}
}
