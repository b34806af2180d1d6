package kit

import (
	"net/http/httptest"
	"testing"
)

// ERR-01, ERR-02: the page goes along; its query, and keys in its path, stay.
func TestReportURL(t *testing.T) {
	t.Parallel()
	const id = "0193a5c2-7b1e-7cc3-98c4-dc0c0c07398f"
	for _, c := range []struct{ base, method, target, referer, want string }{
		{"", "GET", "/", "", ""},
		{"/report", "GET", "/services/passport?q=Тестова", "", "/report?page=%2Fservices%2Fpassport"},
		{"/report", "GET", "/lk/drafts/" + id + "/names", "", "/report?page=%2Flk%2Fdrafts%2F" + id + "%2Fnames"},
		{"https://uslugi.test/report", "GET", "/link/Zk3v9Qw8eR7tY6uI5oP4aS3d", "", "https://uslugi.test/report?page=esia.test%2Flink%2F%E2%80%A6"},
		{"/report", "POST", "/lk/x/delete", "http://esia.test/lk/x?y=1", "/report?page=%2Flk%2Fx"},
		{"/report", "POST", "/lk/x/delete", "http://evil.test/lk/y", "/report?page=%2F"},
	} {
		r := httptest.NewRequest(c.method, "http://esia.test"+c.target, nil)
		r.RequestURI = c.target
		r.Header.Set("Referer", c.referer)
		if got := ReportURL(c.base, r); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.target, got, c.want)
		}
	}
	if got := withErrorID("/report?page=%2F", "a&b"); got != "/report?page=%2F&error=a%26b" {
		t.Error(got)
	}
}
