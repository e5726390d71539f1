package contract

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Uploads is where raw files go, and which folder is uploaded after every deployment. It crosses to the driver,
// not to another stack.
type Uploads struct {
	Folder string `json:"folder"` // relative to the project's folder; empty for none
	Bucket string `json:"bucket"` // the raw zone
	KeyARN string `json:"keyArn"` // the KMS key it is encrypted with
}

// uploads gives the values of the output.
func (d Datalake) uploads(folder string) pulumi.Map {
	return pulumi.Map{"folder": pulumi.String(folder), "bucket": d.RawBucket, "keyArn": d.KeyARN}
}

// UploadsOf reads them from the outputs of an mpp stack, as the Automation API gives them.
func UploadsOf(outputs map[string]any) (Uploads, error) {
	var uploads Uploads
	raw, err := json.Marshal(outputs[outUploads])
	if err == nil {
		err = json.Unmarshal(raw, &uploads)
	}
	if err != nil {
		return uploads, fmt.Errorf("reading output %q: %w", outUploads, err)
	}
	if uploads.Bucket == "" {
		return uploads, fmt.Errorf("the mpp stack has no output %q: run `tarn up` first", outUploads)
	}
	return uploads, nil
}
