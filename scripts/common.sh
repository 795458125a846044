# Sourced by ./serve and ./test: where things are, and how a step is named and how it fails.
# Works with bash 3.2, which is what macOS has.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Outside of the checkout, so that a fresh clone does not build everything again.
CACHE=${UNROLL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unroll}
LOG=$CACHE/last-step.log
export CARGO_TARGET_DIR=$CACHE/target

mkdir -p "$CACHE"
cd "$ROOT"

# Names a part of the work, after how long the part before it took.
STEP_SINCE=''
step() {
  took
  printf '==> %s\n' "$*"
  STEP_SINCE=$SECONDS
}

# Says how long the part that was named last took, where that was long enough to matter.
took() {
  local seconds=$((SECONDS - ${STEP_SINCE:-$SECONDS}))
  STEP_SINCE=''
  if [ $seconds -ge 5 ]; then printf '    %d min %02d s\n' $((seconds / 60)) $((seconds % 60)); fi
}

fail() {
  printf '\nunroll: %s\n' "$*" >&2
  exit 1
}

# What a killed shell leaves behind unless somebody minds it: process groups that still work, a folder that is not finished.
GROUPS_AT_WORK=() UNFINISHED=''

# Lets nothing outlive this shell, however it ends. A subshell does not inherit that and has to say it again.
end_cleanly() {
  GROUPS_AT_WORK=() UNFINISHED=''
  trap at_end EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

at_end() {
  local group
  for group in ${GROUPS_AT_WORK[@]+"${GROUPS_AT_WORK[@]}"}; do kill -TERM -- "-$group" 2>/dev/null || true; done
  if [ -n "$UNFINISHED" ]; then rm -rf "$UNFINISHED"; fi
  unlock
}

# start COMMAND…: in the background, in a process group of its own, so that all that it starts can be ended; $! is its number.
start() {
  set -m
  "$@" &
  set +m
  GROUPS_AT_WORK+=($!)
}

# run COMMAND…: waits for it, but lets a signal to this shell end it at once.
run() {
  local at=${#GROUPS_AT_WORK[@]} status=0
  start "$@"
  wait $! || status=$?
  # The number may become another program's.
  unset "GROUPS_AT_WORK[$at]"
  return $status
}

# attempt SENTENCE COMMAND…: runs the command; when it fails, says what went wrong and what to do.
attempt() {
  local sentence=$1
  shift
  run "$@" || fail "$sentence"
}

# quietly SENTENCE COMMAND…: the same, showing the command's words only when it fails.
quietly() {
  local sentence=$1
  shift
  run "$@" >"$LOG" 2>&1 || {
    tail -n 30 "$LOG" >&2
    fail "$sentence"
  }
}

# within SECONDS COMMAND…: gives up after that long, where the system has `timeout`.
within() {
  local seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

# Holds back a second build on the same cache until this one is done; `unlock` lets it go.
lock() {
  if command -v flock >/dev/null; then
    exec 9>"$CACHE/lock"
    flock -n 9 || {
      step "Waiting for another build to finish"
      flock 9
    }
  else
    lock_by_folder
  fi
  # Cargo tells what is fresh by the files' times alone, and would take the program of another checkout for this one's.
  if [ "$(cat "$CACHE/checkout" 2>/dev/null)" != "$ROOT" ]; then
    touch src/lib.rs
    printf '%s' "$ROOT" >"$CACHE/checkout"
  fi
}

# The same where there is no flock, as on macOS: only one of those who make a folder succeeds.
HELD=''
lock_by_folder() {
  local folder=$CACHE/lock.held told=0 holder
  until mkdir "$folder" 2>/dev/null; do
    holder=$(cat "$folder/holder" 2>/dev/null) || holder=''
    # A build that was killed could not take its folder away.
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      mv "$folder" "$folder.$$" 2>/dev/null && rm -rf "$folder.$$"
      continue
    fi
    if [ $told = 0 ]; then
      step "Waiting for another build to finish (remove $folder if there is none)"
      told=1
    fi
    sleep 1
  done
  HELD=$folder
  sh -c 'echo $PPID' >"$folder/holder"
}

unlock() {
  exec 9>&-
  if [ -n "$HELD" ]; then rm -rf "$HELD"; fi
  HELD=''
}

end_cleanly
