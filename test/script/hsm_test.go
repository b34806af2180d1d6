package script

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// softhsm makes a token of SoftHSM and gives what the configuration says of it.
func softhsm(t *testing.T, dir string) (section string) {
	t.Helper()
	if _, err := exec.LookPath("softhsm2-util"); err != nil {
		t.Skip("SoftHSM is not here: ./check brings it")
	}
	found, err := filepath.Glob("/usr/lib*/softhsm/libsofthsm2.so")
	if err != nil || len(found) == 0 {
		t.Fatalf("softhsm2-util without its library: %v", err)
	}
	tokens, conf, pin := filepath.Join(dir, "tokens"), filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "pin")
	must(t, os.Mkdir(tokens, 0o700))
	must(t, os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nlog.level = ERROR\n"), 0o600))
	must(t, os.WriteFile(pin, []byte("648219\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", conf)
	if out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "region", "--pin", "648219", "--so-pin", "93728461").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return fmt.Sprintf("pkcs11: {module: %s, token: region, pin: {file: %s}}\n", found[0], pin)
}

// A deployment that began with a key file moves into a hardware security module
// while it works, and then does not start without the module.
func TestKeysMoveIntoADevice(t *testing.T) {
	file, state, port := configured(t)
	keys := filepath.Join(state, "keys.json")
	section := softhsm(t, state)
	plain, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(plain, section...), 0o600))
	out, _ := run(t, "doctor", "-c", file)
	contains(t, out, "ok    key device", "region, SoftHSM project", "WARN  keys", "lies in the file, not in the device")

	p := start(t, "serve", "-c", file).ready(port)
	out, err = run(t, "keys", "rotate", "-c", file)
	id := activeKey.FindStringSubmatch(out)
	if err != nil || id == nil {
		t.Fatalf("rotate: %v\n%s", err, out)
	}
	moved := false
	for end := time.Now().Add(patience); time.Now().Before(end) && !moved; time.Sleep(100 * time.Millisecond) {
		out, err = run(t, "keys", "status", "-c", file)
		must(t, err)
		moved = strings.Contains(out, "\n0 values are left") && !strings.Contains(out, "at work on") && strings.Contains(out, id[1]+": active")
	}
	if !moved {
		t.Fatalf("the values do not move into the device:\n%s\n%s", out, p.log.String())
	}
	raw, err := os.ReadFile(keys)
	must(t, err)
	contains(t, string(raw), `"`+id[1]+`": "pkcs11:okno"`, `"index": "`+id[1]+`:`)
	if out, err := run(t, "keys", "rotate", keys); err == nil || !strings.Contains(out, "configure pkcs11") {
		t.Errorf("a rotation past the device: %v, %s", err, out)
	}
	must(t, p.signal(syscall.SIGTERM))

	p = start(t, "serve", "-c", file).ready(port)
	out, _ = run(t, "doctor", "-c", file)
	contains(t, out, "ok    key device", "the key "+id[1]+" seals and opens", "the key file opens what is sealed here")
	must(t, p.signal(syscall.SIGTERM))

	must(t, os.WriteFile(file, plain, 0o600))
	if out, err := run(t, "serve", "-c", file); err == nil || !strings.Contains(out, "lies in a device") {
		t.Errorf("without the device: %v, %s", err, out)
	}
}

// From nothing: the first key is made in the device.
func TestFirstKeyIsMadeInTheDevice(t *testing.T) {
	file, state, _ := configured(t)
	section := softhsm(t, state)
	raw, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(raw, section...), 0o600))
	keys := filepath.Join(state, "keys.json")
	must(t, os.Remove(keys))
	if out, err := run(t, "keys", "create", "-c", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err = os.ReadFile(keys)
	must(t, err)
	contains(t, string(raw), `"pkcs11:okno"`)
	if out, err := run(t, "keys", "create", "-c", file); err == nil || !strings.Contains(out, "exists") {
		t.Errorf("made twice: %v, %s", err, out)
	}
	if out, err := run(t, "migrate", "-c", file); err != nil {
		t.Errorf("migrate: %v\n%s", err, out)
	}
	wrong := filepath.Join(state, "pin")
	must(t, os.WriteFile(wrong, []byte("000000\n"), 0o600))
	out, err := run(t, "doctor", "-c", file)
	if err == nil || strings.Contains(out, "000000") {
		t.Error("the doctor takes a wrong PIN, or shows it")
	}
	contains(t, out, "FAIL  key device", "refuses the PIN")
	// systemd starts again whatever ends otherwise, and each start is a try.
	out, err = run(t, "serve", "-c", file)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 78 {
		t.Errorf("serve with a wrong PIN: %v\n%s", err, out)
	}
}
