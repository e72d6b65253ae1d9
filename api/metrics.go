package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/geyser-ml/geyser/engine"
)

// meter counts requests for /metrics.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// newMeter registers the counters of a server, and what diagnose tells when it
// is not nil.
func newMeter(reg prometheus.Registerer, diagnose func() engine.Diagnosis) *meter {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "geyser_http_requests_total", Help: "Requests answered.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "geyser_http_request_seconds", Help: "Time to answer a request.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
		}, []string{"route"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	if diagnose != nil {
		reg.MustRegister(gauges(diagnose))
	}
	return m
}

// observe counts one request.
func (m *meter) observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// gauges shows a Diagnosis, taken anew at each collection.
type gauges func() engine.Diagnosis

var (
	memoryLimit = prometheus.NewDesc("geyser_memory_limit_bytes", "Memory that jobs may be admitted for together, 0 for no limit.", nil, nil)
	memoryUsed  = prometheus.NewDesc("geyser_memory_used_bytes", "Memory that running jobs are admitted for.", nil, nil)
	jobsRunning = prometheus.NewDesc("geyser_jobs_running", "Jobs that have not ended.", nil, nil)
	diskFree    = prometheus.NewDesc("geyser_disk_free_bytes", "Free bytes of the disk with the data directory.", nil, nil)
	tierPresent = prometheus.NewDesc("geyser_kernel_tier_available", "Whether a kernel tier can be used.", []string{"tier"}, nil)

	scoringFaults = prometheus.NewDesc("geyser_scoring_faults_total", "Calls for scores that a device has failed and the processor has done.", nil, nil)

	deviceInfo   = prometheus.NewDesc("geyser_device_info", "A device that trainings can compute on.", []string{"device", "model", "capability"}, nil)
	deviceLost   = prometheus.NewDesc("geyser_device_lost", "Whether a device cannot be used any more.", []string{"device"}, nil)
	deviceMemory = prometheus.NewDesc("geyser_device_memory_bytes", "Memory of a device.", []string{"device"}, nil)
	deviceFree   = prometheus.NewDesc("geyser_device_memory_free_bytes", "Memory of a device that nobody uses; of devices that were used once.", []string{"device"}, nil)
	deviceLive   = prometheus.NewDesc("geyser_device_memory_live_bytes", "Memory of a device that running trainings hold.", []string{"device"}, nil)
	deviceStarts = prometheus.NewDesc("geyser_device_launches_total", "Kernels that were started on a device.", []string{"device"}, nil)
	deviceJobs   = prometheus.NewDesc("geyser_device_jobs", "Trainings that run on a device, and one where models are scored by it.", []string{"device"}, nil)
)

// Describe implements prometheus.Collector.
func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		memoryLimit, memoryUsed, jobsRunning, diskFree, tierPresent, scoringFaults,
		deviceInfo, deviceLost, deviceMemory, deviceFree, deviceLive, deviceJobs, deviceStarts,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	d := g()
	show := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	show(memoryLimit, float64(d.MemoryLimit))
	show(memoryUsed, float64(d.MemoryUsed))
	show(jobsRunning, float64(d.Running))
	show(diskFree, float64(d.DiskFree))
	for _, t := range d.Tiers {
		show(tierPresent, flag(t.Available), t.Name)
	}
	ch <- prometheus.MustNewConstMetric(scoringFaults, prometheus.CounterValue, float64(d.ScoringFaults))
	for _, x := range d.Devices {
		show(deviceInfo, 1, x.Name, x.Model, x.Capability)
		show(deviceLost, flag(x.Fault != ""), x.Name)
		show(deviceMemory, float64(x.Memory), x.Name)
		show(deviceLive, float64(x.Live), x.Name)
		show(deviceJobs, float64(x.Jobs), x.Name)
		ch <- prometheus.MustNewConstMetric(deviceStarts, prometheus.CounterValue, float64(x.Traffic.Launches), x.Name)
		if x.Open {
			show(deviceFree, float64(x.Free), x.Name)
		}
	}
}

// flag is 1 for true.
func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
