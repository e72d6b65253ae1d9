package h2o

import (
	"bytes"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"sync"

	"github.com/geyser-ml/geyser/api"
)

// pageTemplate is a page without script or style, as the security headers ask.
var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Geyser</title><link rel="icon" href="/favicon.ico"></head>
<body>
<h1>Geyser {{.D.Version}}</h1>
<p>A server of the H2O-3 protocol ({{.Version}}), up since {{.Since}} UTC. Connect with
<code>h2o.connect(url=…)</code> from Python or <code>h2o.connect(ip, port)</code> from R.</p>
<table>
<tr><td>Frames</td><td><a href="/3/Frames">{{.Frames}}</a></td></tr>
<tr><td>Models</td><td><a href="/3/Models">list</a></td></tr>
<tr><td>Jobs</td><td><a href="/3/Jobs">{{.Jobs}}</a></td></tr>
<tr><td>Algorithms</td><td>{{range .Algos}}<a href="/3/ModelBuilders/{{.Name}}">{{.Title}}</a> {{end}}</td></tr>
<tr><td>Threads</td><td>{{.D.Threads}} of {{.D.CPUs}} processors</td></tr>
{{range .D.Tiers}}<tr><td>Kernels {{.Name}}</td><td>{{if .Available}}available{{else}}not available{{end}}: {{.Detail}}</td></tr>
{{end}}{{range .Lines}}<tr><td>{{index . 0}}</td><td>{{index . 1}}</td></tr>
{{end}}</table>
<p><a href="/3/Cloud">Status</a> · <a href="/3/About">About</a> · <a href="/3/Logs/download/LOG">Log</a> ·
<a href="/metrics">Metrics</a> · <a href="/3/Metadata/endpoints">Endpoints</a> · <a href="/3/Metadata/schemas">Schemas</a></p>
<table>
<tr><th>Method</th><th>Path</th><th>What it does</th></tr>
{{range .Routes}}<tr><td>{{.Method}}</td><td><code>{{.Pattern}}</code></td><td>{{.Summary}}</td></tr>
{{end}}</table>
</body>
</html>
`))

// page answers GET /flow/index.html: what runs here.
func (f *facade) page(*api.Request, struct{}) (api.Reply, error) {
	var b bytes.Buffer
	d := f.e.Diagnose()
	err := pageTemplate.Execute(&b, map[string]any{
		"Version": f.Version, "D": d, "Lines": kernelLines(d), "Frames": len(f.e.Frames()), "Jobs": len(f.e.Jobs()),
		"Since": stamp(f.e.Started()), "Algos": f.e.Algos(), "Routes": f.routes,
	})
	return api.Reply{Type: "text/html; charset=utf-8", Body: b.Bytes()}, err
}

// icon draws the picture of the page: a white column of water on blue.
var icon = sync.OnceValue(func() []byte {
	img := image.NewPaletted(image.Rect(0, 0, 16, 16), color.Palette{color.RGBA{0x1d, 0x5f, 0x8a, 0xff}, color.White})
	for y := 3; y < 15; y++ {
		half := 1
		if y < 6 {
			half = 4 - (y - 3)
		}
		for x := 8 - half; x < 8+half; x++ {
			img.SetColorIndex(x, y, 1)
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
})

// favicon answers GET /favicon.ico.
func (f *facade) favicon(*api.Request, struct{}) (api.Reply, error) {
	return api.Reply{Type: "application/octet-stream", Body: icon()}, nil
}
