//go:build cuda

package kernels

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorgonia.org/cu"
)

//go:embed *.ptx
var ptxFiles embed.FS

// module is the PTX text of one .cu.
type module struct{ name, text string }

// modules returns the kernels that the program carries.
func modules() (out []module) {
	files, err := ptxFiles.ReadDir(".")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, f := range files {
		text, err := ptxFiles.ReadFile(f.Name())
		if err != nil {
			panic(err)
		}
		out = append(out, module{f.Name(), string(text)})
	}
	return out
}

// kernel is the name of a function of a .cu.
type kernel string

// kernelNames are the kernels that Go code launches. A device that lacks one of them
// does not open.
var kernelNames []string

// newKernel names a kernel that Go code launches: var histogram = newKernel("histogram").
func newKernel(name string) kernel {
	kernelNames = append(kernelNames, name)
	return kernel(name)
}

// function is a kernel on a device.
type function struct {
	name   string
	fn     cu.Function
	floats []bool // by parameter: a double, else a whole number or an address
}

var (
	entryPattern = regexp.MustCompile(`(?s)\.entry\s+([A-Za-z0-9_]+)\s*(?:\((.*?)\))?\s*[.{]`)
	paramPattern = regexp.MustCompile(`\.param\s+\.([a-z]+)(\d+)`)
)

// loadModules gives the current context its kernels, by name. All of kernelNames must be
// among them.
func loadModules(all []module) (map[string]*function, error) {
	found := map[string]*function{}
	for _, m := range all {
		mod, err := cu.LoadData(m.text)
		if err != nil {
			return nil, fmt.Errorf("the driver refuses the kernels of %s (%w)", m.name, err)
		}
		for _, e := range entryPattern.FindAllStringSubmatch(m.text, -1) {
			f := &function{name: e[1]}
			if f.fn, err = mod.Function(f.name); err != nil {
				return nil, fmt.Errorf("kernel %s of %s: %w", f.name, m.name, err)
			}
			for _, p := range paramPattern.FindAllStringSubmatch(e[2], -1) {
				if p[2] != "64" {
					return nil, fmt.Errorf("kernel %s of %s: parameter of %s bits, want 64", f.name, m.name, p[2])
				}
				f.floats = append(f.floats, p[1] == "f")
			}
			if found[f.name] != nil {
				return nil, fmt.Errorf("kernel %s of %s: there is another one of that name", f.name, m.name)
			}
			found[f.name] = f
		}
	}
	var missing []string
	for _, name := range kernelNames {
		if found[name] == nil {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return nil, fmt.Errorf("kernels missing from the PTX: %s", strings.Join(missing, ", "))
	}
	return found, nil
}
