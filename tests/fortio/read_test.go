// Package fortio reads what `meshplay perf export --format fortio` wrote with Fortio's own types, and writes what `meshplay perf import` is held against.
package fortio

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"fortio.org/fortio/fhttp"
)

// Percentiles that every run shows.
var percentiles = []float64{50, 75, 90, 99, 99.9}

// MESHPLAY_EXPORT names the export, MESHPLAY_RUN the same run in our own JSON (latencies in nanoseconds).
func TestFortioReadsOurExport(t *testing.T) {
	var theirs fhttp.HTTPRunnerResults
	read(t, "MESHPLAY_EXPORT", &theirs)
	var ours struct {
		Requests  int64
		Rate      float64 `json:"requests_per_second"`
		Elapsed   int64   `json:"elapsed_ns"`
		Latencies map[string]*float64
		Errors    map[string]int64
		Target    struct{ URL string }
	}
	read(t, "MESHPLAY_RUN", &ours)
	h := theirs.DurationHistogram
	if h.Count != ours.Requests || theirs.ActualQPS != ours.Rate || theirs.ActualDuration != time.Duration(ours.Elapsed) || theirs.URL != ours.Target.URL {
		t.Errorf("count %d, qps %g, duration %v, url %q are not those of %+v", h.Count, theirs.ActualQPS, theirs.ActualDuration, theirs.URL, ours)
	}
	// Where latencies begin is a field that Fortio does not know and passes over.
	var beside struct{ LatencyFrom string }
	read(t, "MESHPLAY_EXPORT", &beside)
	if beside.LatencyFrom != "plan" && beside.LatencyFrom != "send" {
		t.Errorf("latencies begin at %q", beside.LatencyFrom)
	}
	if theirs.RunType != "HTTP" || theirs.RetCodes[500] != ours.Errors["status_5xx"] {
		t.Errorf("run type %q, codes %v, errors %v", theirs.RunType, theirs.RetCodes, ours.Errors)
	}
	seen := 0
	for i, name := range []string{"p50", "p75", "p90", "p99", "p99_9"} {
		wanted := ours.Latencies[name]
		if wanted == nil {
			continue
		}
		seen++
		have := h.CalcPercentile(percentiles[i]) * 1e9
		// Three digits are kept.
		if math.Abs(have-*wanted) > *wanted/500 {
			t.Errorf("%s is %g ns for Fortio and %g ns for us", name, have, *wanted)
		}
	}
	if seen < 3 {
		t.Errorf("only %d percentiles were there to be compared", seen)
	}
	var count int64
	for i, b := range h.Data {
		count += b.Count
		if b.End < b.Start || (i > 0 && b.Start < h.Data[i-1].End) {
			t.Errorf("bucket %d from %g to %g", i, b.Start, b.End)
		}
	}
	if count != h.Count || math.Abs(h.Data[len(h.Data)-1].Percent-100) > 1e-9 {
		t.Errorf("%d of %d in buckets, the last at %g %%", count, h.Count, h.Data[len(h.Data)-1].Percent)
	}
}

// MESHPLAY_FORTIO names the file that is written: a run of Fortio's own client against a server on loopback.
func TestFortioWritesWhatWeImport(t *testing.T) {
	path := os.Getenv("MESHPLAY_FORTIO")
	if path == "" {
		t.Skip("MESHPLAY_FORTIO is not set")
	}
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls%100 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	o := fhttp.HTTPRunnerOptions{}
	o.URL, o.NumThreads, o.QPS, o.Exactly, o.RunnerOptions.Resolution, o.Percentiles = server.URL, 1, -1, 2000, 0.00001, percentiles
	o.Labels, o.UserCredentials, o.AllowInitialErrors = "fortio test", "me:hunter2", true
	o.Out = io.Discard
	results, err := fhttp.RunHTTPTest(&o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	path := os.Getenv(name)
	if path == "" {
		t.Skipf("%s is not set", name)
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
