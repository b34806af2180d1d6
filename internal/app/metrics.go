package app

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/outcall"
	"github.com/okno-gov/okno/internal/site/opssite"
)

// Names of metrics are part of the operators' interface: alert rules and the
// dashboard in deploy/ use them, docs/OPERATIONS.md explains them.
var (
	upDesc        = desc("okno_database_up", "Whether the database answers.", "system")
	jobsDesc      = desc("okno_jobs", "Background jobs by state.", "system", "state")
	sweepAgeDesc  = desc("okno_sweep_age_seconds", "Time since a sweep was last begun.", "system", "sweep")
	sweepFailDesc = desc("okno_sweep_failed", "Whether a sweep's last run failed.", "system", "sweep")
	messagesDesc  = desc("okno_messages", "E-mails and SMS by state.", "system", "channel", "state")
	oldestDesc    = desc("okno_message_wait_seconds", "How long the oldest message has been due.", "system", "channel")
	sealedDesc    = desc("okno_ledger_batches", "Sealed batches of the journal.", "system")
	outsideDesc   = desc("okno_destination_up", "Whether an outside system answers.", "destination")
	failuresDesc  = desc("okno_destination_failures", "Failed calls in a row.", "destination")
	sessionsDesc  = desc("okno_sessions", "People who are signed in at the identity provider.")
	offsetDesc    = desc("okno_clock_offset_seconds", "Domain time minus wall time; zero in production.")
	eventsDesc    = desc("okno_events_undelivered", "Security events that a receiver has not taken at the first try.", "system")
	checksDesc    = desc("okno_checks_open", "Questions that registers have not answered.", "system")
	checkAgeDesc  = desc("okno_check_wait_seconds", "How long the oldest question to a register has waited.", "system")
	sizeDesc      = desc("okno_database_bytes", "Size of the database on its server.", "system")
	backupDesc    = desc("okno_backup_age_seconds", "Age of the last whole backup; +Inf: there was none.", "system")
	rotationDesc  = desc("okno_rotation_tables", "Tables that the rotation to the active key has not been through.", "system")
	refusedDesc   = desc("okno_key_device_refuses_pin", "Whether the device that holds the keys has refused the PIN; it is not tried again before a restart.")
	diskFreeDesc  = desc("okno_disk_free_bytes", "Free room of the file system with the state folder.")
	diskDesc      = desc("okno_disk_bytes", "Size of the file system with the state folder.")
	versionDesc   = desc("okno_build_info", "Always 1; the label names the build.", "version")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// measured reads the state of the systems when Prometheus asks, at most once in
// measureEvery however often it does.
type measured struct {
	systems  []opssite.System
	outside  func() []outcall.Destination
	sessions func(ctx context.Context) (int, error) // nil without identity provider
	disk     func() (opssite.Disk, error)           // nil without state folder
	key      func() string                          // the active one
	refused  func() bool                            // the PIN, by the key device; nil without one
	offset   func() time.Duration
	now      func() time.Time // domain time
	log      *slog.Logger

	mu   sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

const (
	measureEvery = 10 * time.Second
	measureTime  = 5 * time.Second
)

// Describe gives nothing: the set of labels is known only when it is read.
func (m *measured) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m *measured) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil || time.Since(m.at) > measureEvery {
		m.last, m.at = m.read(), time.Now()
	}
	for _, v := range m.last {
		out <- v
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (m *measured) read() []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), measureTime)
	defer cancel()
	out := []prometheus.Metric{gauge(versionDesc, 1, Version()), gauge(offsetDesc, m.offset().Seconds())}
	for _, d := range m.outside() {
		out = append(out, gauge(outsideDesc, truth(d.Up), d.Name), gauge(failuresDesc, float64(d.Failures), d.Name))
	}
	if m.sessions != nil {
		if n, err := m.sessions(ctx); err == nil {
			out = append(out, gauge(sessionsDesc, float64(n)))
		}
	}
	if m.disk != nil {
		if d, err := m.disk(); err == nil {
			out = append(out, gauge(diskFreeDesc, float64(d.Free)), gauge(diskDesc, float64(d.Total)))
		}
	}
	out = append(out, gauge(refusedDesc, truth(m.refused != nil && m.refused()))) // without a device: no
	for _, s := range m.systems {
		read, err := m.system(ctx, s)
		if err != nil {
			m.log.Warn("metrics", "system", s.Code, "error", err)
		}
		out = append(out, append(read, gauge(upDesc, truth(err == nil), s.Code))...)
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *measured) system(ctx context.Context, s opssite.System) (out []prometheus.Metric, err error) {
	jobs, err := s.Queue.Counts(ctx)
	if err != nil {
		return nil, err
	}
	for state, n := range jobs {
		out = append(out, gauge(jobsDesc, float64(n), s.Code, state))
	}
	sweeps, err := s.Queue.Sweeps(ctx)
	if err != nil {
		return out, err
	}
	for _, w := range sweeps {
		out = append(out, gauge(sweepAgeDesc, time.Since(w.StartedAt).Seconds(), s.Code, w.Name), gauge(sweepFailDesc, truth(w.Error != ""), s.Code, w.Name))
	}
	counts, err := s.Outbox.Counts(ctx)
	if err != nil {
		return out, err
	}
	out = append(out, m.messages(s.Code, counts)...)
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return out, err
	}
	out = append(out, gauge(sealedDesc, float64(head.Seq), s.Code))
	kept, err := m.storage(ctx, s)
	if err != nil {
		return out, err
	}
	open, err := m.waiting(ctx, s)
	return append(out, append(kept, open...)...), err
}

// storage is what is kept, and how safely.
func (m *measured) storage(ctx context.Context, s opssite.System) ([]prometheus.Metric, error) {
	bytes, err := s.DB.Size(ctx)
	if err != nil {
		return nil, err
	}
	backup, err := s.DB.LastBackup(ctx)
	if err != nil {
		return nil, err
	}
	age := math.Inf(1)
	if backup != nil {
		age = time.Since(*backup).Seconds()
	}
	progress, err := s.Rewrap.Progress(ctx)
	if err != nil {
		return nil, err
	}
	busy := 0
	for _, p := range progress {
		if p.KeyID == m.key() && p.FinishedAt == nil {
			busy++
		}
	}
	return []prometheus.Metric{gauge(sizeDesc, float64(bytes), s.Code), gauge(backupDesc, age, s.Code), gauge(rotationDesc, float64(busy), s.Code)}, nil
}

// countedEvents is more than an operator would count.
const countedEvents = 10_000

// waiting is what others have not taken or answered.
func (m *measured) waiting(ctx context.Context, s opssite.System) (out []prometheus.Metric, err error) {
	if s.Events != nil {
		list, err := s.Events(ctx, countedEvents)
		if err != nil {
			return nil, err
		}
		out = append(out, gauge(eventsDesc, float64(len(list)), s.Code))
	}
	if s.Checks == nil {
		return out, nil
	}
	list, err := s.Checks(ctx)
	if err != nil {
		return out, err
	}
	n, age := 0, time.Duration(0)
	for _, c := range list {
		n, age = n+c.N, max(age, m.now().Sub(c.Oldest))
	}
	return append(out, gauge(checksDesc, float64(n), s.Code), gauge(checkAgeDesc, age.Seconds(), s.Code)), nil
}

func (m *measured) messages(system string, counts []outbound.Count) (out []prometheus.Metric) {
	wait := map[outbound.Channel]time.Duration{outbound.Email: 0, outbound.SMS: 0}
	for _, c := range counts {
		out = append(out, gauge(messagesDesc, float64(c.N), system, string(c.Channel), string(c.State)))
		if c.State == outbound.Queued || c.State == outbound.Sending {
			wait[c.Channel] = max(wait[c.Channel], m.now().Sub(c.Oldest))
		}
	}
	for ch, d := range wait {
		out = append(out, gauge(oldestDesc, d.Seconds(), system, string(ch)))
	}
	return out
}

// measure registers the metrics of all systems of this process.
func (a *App) measure(systems []opssite.System) {
	m := &measured{systems: systems, outside: a.calls.Destinations, disk: a.disk(), key: a.keys.ActiveID, offset: a.clock.Offset, now: a.clock.Now, log: a.log}
	if a.idp != nil {
		m.sessions = a.idp.sessions.Count
	}
	if a.device != nil {
		m.refused = a.deviceRefuses
	}
	a.metrics.MustRegister(m)
}
