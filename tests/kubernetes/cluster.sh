# What every command here knows of the test cluster: where its state is, which components it has, how one starts, answers
# and ends. Sourced by up, down, start, stop, restart and fill; what a person reads is in up.
#
# State folder: the one a command is called from (up links the commands into it), else MESHPLAY_TEST_KUBERNETES, else
# target/kubernetes/state. Several folders are several clusters side by side, each on ports of its own.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repository=$(cd "$here/../.." && pwd)
program=$repository/target/kubernetes/kubernetes
called_from=$(cd "$(dirname "$0")" && pwd)
if [ -f "$called_from/ports" ]; then
  state=$called_from
else
  state=${MESHPLAY_TEST_KUBERNETES:-$repository/target/kubernetes/state}
fi
case $state in /*) ;; *) state=$PWD/$state ;; esac
pki=$state/pki

# In the order in which they start; they end in the other.
components=(etcd apiserver controller-manager scheduler)

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Takes the name with or without "kube-" and leaves the short one in $component.
named() {
  component=${1#kube-}
  case " ${components[*]} " in
    *" $component "*) ;;
    *) fail "no component is called \"${1-}\"; there are: ${components[*]}" ;;
  esac
}

# Sets etcd_port, peer_port, apiserver_port, controller_manager_port and scheduler_port.
read_ports() {
  [ -f "$state/ports" ] || fail "no cluster was started in $state; tests/kubernetes/up starts one"
  # shellcheck disable=SC1091
  . "$state/ports"
}

# The words of a component's command line, in $command. Everything is on loopback, nobody is let in without a
# certificate, and each command line names the state folder, by which `running` knows its own processes.
command_line() {
  case $1 in
    etcd)
      command=("$program" etcd --name=test --data-dir="$state/etcd" --log-level=warn
        # The data is worth nothing after a test, and waiting for the disk is most of the time of a write.
        --unsafe-no-fsync --quota-backend-bytes=8589934592
        --listen-client-urls="http://127.0.0.1:$etcd_port" --advertise-client-urls="http://127.0.0.1:$etcd_port"
        --listen-peer-urls="http://127.0.0.1:$peer_port" --initial-advertise-peer-urls="http://127.0.0.1:$peer_port"
        --initial-cluster="test=http://127.0.0.1:$peer_port")
      ;;
    apiserver)
      command=("$program" kube-apiserver --etcd-servers="http://127.0.0.1:$etcd_port"
        --bind-address=127.0.0.1 --secure-port="$apiserver_port"
        # The endpoint of the Service "kubernetes" must not be on loopback; this address leads nowhere (RFC 5737).
        --advertise-address=192.0.2.1 --service-cluster-ip-range=10.96.0.0/16
        --anonymous-auth=false --authorization-mode=Node,RBAC --client-ca-file="$pki/ca.crt"
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key"
        --service-account-issuer=https://kubernetes.default.svc.cluster.local
        --service-account-key-file="$pki/service-account.pub" --service-account-signing-key-file="$pki/service-account.key"
        --allow-privileged=true)
      ;;
    controller-manager)
      command=("$program" kube-controller-manager --kubeconfig="$pki/controller-manager.kubeconfig"
        --bind-address=127.0.0.1 --secure-port="$controller_manager_port" --leader-elect=false
        # No kubelet reports for the nodes that `fill` makes: without this they and their pods would turn not ready.
        --controllers='*,-node-lifecycle-controller'
        --use-service-account-credentials --service-account-private-key-file="$pki/service-account.key" --root-ca-file="$pki/ca.crt"
        --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key"
        --kube-api-qps=1000 --kube-api-burst=2000)
      ;;
    scheduler)
      command=("$program" kube-scheduler --kubeconfig="$pki/scheduler.kubeconfig"
        --bind-address=127.0.0.1 --secure-port="$scheduler_port" --leader-elect=false
        --kube-api-qps=1000 --kube-api-burst=2000)
      ;;
  esac
}

# Whether a component answers as healthy. Its certificate is checked where it has one of ours.
healthy() {
  case $1 in
    etcd) curl -sf -m 2 "http://127.0.0.1:$etcd_port/readyz" ;;
    apiserver) curl -sf -m 2 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" "https://127.0.0.1:$apiserver_port/readyz" ;;
    controller-manager) curl -sfk -m 2 "https://127.0.0.1:$controller_manager_port/healthz" ;;
    scheduler) curl -sfk -m 2 "https://127.0.0.1:$scheduler_port/healthz" ;;
  esac >/dev/null 2>&1
}

# Whether the process in a component's pid file is ours and lives: a zombie has no command line, and a number that went
# to somebody else's process has one without our state folder.
running() {
  local pid line
  pid=$(cat "$state/pid/$1" 2>/dev/null) || return 1
  if [ -d /proc/self ]; then
    line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
  else
    line=$(ps -ww -o args= -p "$pid") || return 1
  fi
  case $line in *"$state/"*) ;; *) return 1 ;; esac
}

# Starts a component unless it runs; returns at once. Its output goes to log/NAME.log.
launch() {
  running "$1" && return
  local command detach=nohup
  command_line "$1"
  # A session of its own keeps a terminal's Ctrl-C and hang-up away.
  command -v setsid >/dev/null && detach=setsid
  "$detach" "${command[@]}" </dev/null >>"$state/log/$1.log" 2>&1 &
  echo $! >"$state/pid/$1"
}

# Waits until a component is healthy; a dead one or SECONDS without an answer ends the script with the end of its log.
await() {
  local name=$1 seconds=$2 deadline=$((SECONDS + $2))
  until healthy "$name"; do
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$state/log/$name.log" >&2
      fail "$name did not become healthy within $seconds s; its log is $state/log/$name.log"
    fi
    sleep 0.1
    running "$name" && continue
    tail -n 20 "$state/log/$name.log" >&2
    fail "$name ended at once; its log is $state/log/$name.log"
  done
}

# Ends a component with a signal (default TERM) and waits until it is gone; after 10 s it is killed.
terminate() {
  local pid deadline=$((SECONDS + 10))
  if running "$1"; then
    pid=$(cat "$state/pid/$1")
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    # A process that a test has stopped (SIGSTOP) can end only after it goes on.
    kill -s CONT "$pid" 2>/dev/null || true
    while running "$1"; do
      [ $SECONDS -lt $deadline ] || kill -s KILL "$pid" 2>/dev/null || true
      sleep 0.05
    done
  fi
  rm -f "$state/pid/$1"
}
