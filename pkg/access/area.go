package access

import (
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Area is a part of a zone: all of it, or folders.
type Area struct {
	Whole   bool
	Folders []string // sorted, none below another one; empty when it is the whole zone
}

// Empty reports whether the area is nothing.
func (a Area) Empty() bool { return !a.Whole && len(a.Folders) == 0 }

// key is the same for areas that are the same.
func (a Area) key() string {
	if a.Whole {
		return "*"
	}
	return strings.Join(a.Folders, "\n")
}

// folder is a folder of a zone; the empty path is the whole zone.
type folder struct {
	kind zone.Kind
	path string
}

func (f folder) String() string {
	if f.path == "" {
		return "the zone " + string(f.kind)
	}
	return "the folder " + f.path + " of the zone " + string(f.kind)
}

// folders are what a grant is about.
func (g Grant) folders(domains domain.Domains) []folder {
	var out []folder
	for _, kind := range g.Zones {
		for _, path := range g.in(kind, domains) {
			out = append(out, folder{kind, path})
		}
	}
	return out
}

// in gives the paths in one of the grant's zones.
func (g Grant) in(kind zone.Kind, domains domain.Domains) []string {
	if len(g.Domains)+len(g.Prefixes) == 0 {
		return []string{""}
	}
	paths := slices.Clone(g.Prefixes)
	for _, name := range g.Domains {
		paths = append(paths, domains.Folders(string(kind), name)...)
	}
	return paths
}

// area is where in a zone a persona has at least a tier. A folder that another one of the area covers is
// not in it.
func (p Persona) area(kind zone.Kind, tier Tier, domains domain.Domains) Area {
	var paths []string
	for _, grant := range p.Grants {
		if slices.Contains(grant.Zones, kind) && slices.Index(tiers, grant.Tier) >= slices.Index(tiers, tier) {
			paths = append(paths, grant.in(kind, domains)...)
		}
	}
	if slices.Contains(paths, "") {
		return Area{Whole: true}
	}
	// A folder's own path sorts before everything below it, though not next to it: "a", "a-b", "a/c".
	slices.Sort(paths)
	kept := map[string]bool{}
	var folders []string
	for _, path := range paths {
		if !covered(path, kept) {
			kept[path] = true
			folders = append(folders, path)
		}
	}
	return Area{Folders: folders}
}

// covered reports whether a folder or one above it is among those kept.
func covered(path string, kept map[string]bool) bool {
	for at := range len(path) {
		if path[at] == '/' && kept[path[:at]] {
			return true
		}
	}
	return kept[path]
}
