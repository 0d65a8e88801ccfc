#!/usr/bin/env bash
# Nexus on a bare machine: scripts/deploy.sh start|stop|restart|reload|status|logs
#   start    checks the environment, builds what is stale, starts in the background, waits until it is ready
#            ENVIRONMENT=development (default): reloads on every change of the sources
#            ENVIRONMENT=production: WEB_CONCURRENCY processes share the port, as many as there are cores if not set
#   stop     lets requests end, then stops; kills what has not left in time
#   reload   production: replaces the processes one by one without failing a request
#   status   0: ready, 1: running but not ready, 3: not running
#   logs     the last lines; logs -f goes on
# Settings come from the environment and from .env. Process id and log are kept in .nexus/run (NEXUS_RUN_DIR).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly NODE_NEEDED=24
readonly READY_WITHIN_SECONDS=${NEXUS_READY_WITHIN_SECONDS:-60}
readonly RUN_DIR=${NEXUS_RUN_DIR:-.nexus/run}
readonly PID_FILE=$RUN_DIR/nexus.pid
readonly LOG=$RUN_DIR/nexus.log
readonly STATE=$RUN_DIR/nexus.state
# The package `node` brings Node 24 to machines that have an older one.
export PATH=$PWD/node_modules/.bin:$PATH

say() { printf '%s\n' "$*"; }
fail() {
  printf 'deploy.sh: %s\n' "$*" >&2
  exit 1
}

# The id of our process, empty when it does not run. An id that another program has by now is not ours.
running_pid() {
  local pid
  pid=$(cat "$PID_FILE" 2>/dev/null) || return 0
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$(working_directory "$pid")" = "$(pwd -P)" ]; then
    say "$pid"
  fi
}

working_directory() {
  readlink "/proc/$1/cwd" 2>/dev/null || lsof -a -d cwd -p "$1" -Fn 2>/dev/null | sed -n 's/^n//p'
}

# Whether anything of the process's group is left: the watcher of development ends before what it watches.
group_runs() { kill -0 -- "-$1" 2>/dev/null; }

check_tools() {
  command -v node >/dev/null 2>&1 || fail "Node $NODE_NEEDED is missing: run npm ci"
  [ -d node_modules ] || fail 'the dependencies are missing: run npm ci'
  local version
  version=$(node -p 'process.versions.node.split(".")[0]')
  [ "$version" -ge "$NODE_NEEDED" ] || fail "Node $NODE_NEEDED or newer is needed, this is $version: run npm ci"
  mkdir -p "$RUN_DIR"
  [ -w "$RUN_DIR" ] || fail "$RUN_DIR cannot be written to"
}

# Reads the settings as the platform will: with everything that is wrong at once.
read_settings() {
  local lines name value
  lines=$(node scripts/print-settings.mjs) || exit 1
  while IFS='=' read -r name value; do
    case $name in
      ENVIRONMENT) environment=$value ;;
      API_HOST) host=$value ;;
      API_PORT) port=$value ;;
      NEXUS_DATABASE) database=$value ;;
      WEB_CONCURRENCY) processes=$value ;;
      SHUTDOWN_DRAIN_SECONDS) drain=$value ;;
      SHUTDOWN_GRACE_SECONDS) grace=$value ;;
    esac
  done <<<"$lines"
  [ "$port" != 0 ] || fail 'API_PORT=0 would pick a different port at each start'
  if [ "$host" = 0.0.0.0 ] || [ "$host" = :: ]; then host=127.0.0.1; fi
  url=http://$host:$port
}

# What runs goes by the settings that it was started with, also when they have changed since.
remember() { say "$environment $url $processes ${drain%.*} $grace" >"$STATE"; }
recall() { read -r environment url processes drain grace <"$STATE" || fail "$STATE is missing or damaged"; }

# All cores in production, unless told otherwise in the environment or in .env.
choose_processes() {
  [ -z "${WEB_CONCURRENCY:-}" ] || return 0
  if [ "$environment" != production ] || grep -qsE '^[[:space:]]*WEB_CONCURRENCY=.' .env; then return 0; fi
  WEB_CONCURRENCY=$(node -p 'require("node:os").availableParallelism()')
  export WEB_CONCURRENCY
  processes=$WEB_CONCURRENCY
}

check_port() {
  node -e '
    const server = require("node:net").createServer();
    server.once("error", () => process.exit(1));
    server.listen(Number(process.argv[1]), process.argv[2], () => server.close());
  ' "$port" "$host" || fail "port $port is in use by another program"
}

# Says what a probe answers, and fails unless it is 200.
probe() {
  node scripts/probe-ready.mjs "$url/health/ready"
}

wait_until_ready() {
  local answer
  local deadline=$((SECONDS + READY_WITHIN_SECONDS))
  until answer=$(probe); do
    if [ -z "$(running_pid)" ]; then
      tail -n 20 "$LOG" >&2
      rm -f "$PID_FILE"
      fail "it exited while starting; its last lines are above, the full log is $LOG"
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      fail "it is running but was not ready within $READY_WITHIN_SECONDS s ($answer); see $LOG"
    fi
    sleep 0.5
  done
}

start() {
  local pid
  check_tools
  pid=$(running_pid)
  [ -z "$pid" ] || fail "it is already running (pid $pid)"
  node scripts/build.mjs
  read_settings
  choose_processes
  read_settings
  check_port
  # As npm start does: see docs/performance.md.
  local program=(node --max-semi-space-size=16 --heap-growing-percent=50 --no-allocation-site-pretenuring dist/main.js)
  if [ "$environment" = development ]; then program=(node scripts/build.mjs --watch); fi
  # The log of a first start in development holds a password.
  (umask 077 && touch "$LOG")
  # A session of its own: it outlives this terminal, and the group can be killed with whatever belongs to it.
  setsid "${program[@]}" >>"$LOG" 2>&1 </dev/null &
  say $! >"$PID_FILE"
  remember
  say "starting ($environment, database: $database, processes: $processes), log: $LOG"
  wait_until_ready
  say "ready: $url/docs (pid $(running_pid))"
}

stop() {
  local pid
  pid=$(running_pid)
  if [ -z "$pid" ]; then
    say 'it is not running'
    rm -f "$PID_FILE"
    return 0
  fi
  recall
  # The watcher of development does not pass signals on.
  if [ "$environment" = development ]; then kill -TERM -- "-$pid"; else kill -TERM "$pid"; fi
  local deadline=$((SECONDS + drain + grace + 30))
  while group_runs "$pid" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.2; done
  if group_runs "$pid"; then
    kill -KILL -- "-$pid"
    say "killed: it did not stop in time (pid $pid)"
  else
    say "stopped (pid $pid)"
  fi
  rm -f "$PID_FILE"
}

reload() {
  local pid
  pid=$(running_pid)
  [ -n "$pid" ] || fail 'it is not running'
  recall
  if [ "$environment" != production ] || [ "$processes" -le 1 ]; then
    fail 'only several processes (ENVIRONMENT=production, WEB_CONCURRENCY) can be replaced one by one; use restart'
  fi
  kill -HUP "$pid"
  say "replacing the $processes processes one by one; follow with: scripts/deploy.sh logs -f"
}

status() {
  local pid answer
  pid=$(running_pid)
  if [ -z "$pid" ]; then
    say 'not running'
    return 3
  fi
  recall
  if answer=$(probe); then
    say "ready: $url (pid $pid, $environment, since $(ps -o lstart= -p "$pid"))"
  else
    say "running but not ready: $answer (pid $pid)"
    return 1
  fi
}

logs() {
  [ -f "$LOG" ] || fail "there is no log yet: $LOG"
  if [ "${1:-}" = -f ]; then tail -n 100 -F "$LOG"; else tail -n "${1:-100}" "$LOG"; fi
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  restart)
    stop
    start
    ;;
  reload) reload ;;
  status) status ;;
  logs) logs "${2:-}" ;;
  *)
    sed -n '2,10p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
    exit 2
    ;;
esac
