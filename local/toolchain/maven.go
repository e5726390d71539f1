package toolchain

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// mavenCentral is where Maven itself looks when nothing else is configured. It is the default only: TARN_MAVEN_URL and
// a mirror in Maven's own settings come before it.
const mavenCentral = "https://repo.maven.apache.org/maven2"

// mavenRepository is the base URL of the Maven repository to use.
func mavenRepository() (string, error) {
	if chosen := os.Getenv("TARN_MAVEN_URL"); chosen != "" {
		return checkedURL("TARN_MAVEN_URL", chosen)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return mavenCentral, nil
	}
	path := filepath.Join(home, ".m2", "settings.xml")
	settings, err := os.ReadFile(path)
	if err != nil {
		// Most machines have no Maven, and then no settings either.
		return mavenCentral, nil
	}
	mirror, err := mirrorOfCentral(settings)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	if mirror == "" {
		return mavenCentral, nil
	}
	return checkedURL(path, mirror)
}

// mirrorOfCentral reads from Maven's settings which mirror stands in for Maven Central; "" when none does.
func mirrorOfCentral(settings []byte) (string, error) {
	var parsed struct {
		Mirrors []struct {
			URL string `xml:"url"`
			Of  string `xml:"mirrorOf"`
		} `xml:"mirrors>mirror"`
	}
	if err := xml.Unmarshal(settings, &parsed); err != nil {
		return "", err
	}
	for _, mirror := range parsed.Mirrors {
		if mirrorsCentral(mirror.Of) {
			return strings.TrimSpace(mirror.URL), nil
		}
	}
	return "", nil
}

// mirrorsCentral reads Maven's pattern of mirrored repositories: a list in which an exclusion wins over everything.
func mirrorsCentral(pattern string) bool {
	mirrored := false
	for part := range strings.SplitSeq(pattern, ",") {
		switch strings.TrimSpace(part) {
		case "!central":
			return false
		case "central", "*", "external:*":
			mirrored = true
		}
	}
	return mirrored
}

func checkedURL(source, text string) (string, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return "", fmt.Errorf("%s: %q is not the URL of a Maven repository", source, text)
	}
	return strings.TrimSuffix(text, "/"), nil
}

// coordinate names an artifact as group:artifact:version.
type coordinate struct{ group, artifact, version string }

func parseCoordinate(text string) (coordinate, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return coordinate{}, fmt.Errorf("%q is not group:artifact:version", text)
	}
	return coordinate{parts[0], parts[1], parts[2]}, nil
}

// jarURL follows the layout every Maven repository has.
func (c coordinate) jarURL(repository string) string {
	return fmt.Sprintf("%s/%s/%s/%s/%s-%s.jar",
		repository, strings.ReplaceAll(c.group, ".", "/"), c.artifact, c.version, c.artifact, c.version)
}
