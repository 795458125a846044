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

# attempt SENTENCE COMMAND…: runs the command; when it fails, says what went wrong and what to do.
attempt() {
  local sentence=$1
  shift
  "$@" || fail "$sentence"
}

# quietly SENTENCE COMMAND…: the same, showing the command's words only when it fails.
quietly() {
  local sentence=$1
  shift
  "$@" >"$LOG" 2>&1 || {
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
  fi
  # Cargo tells what is fresh by the files' times alone, and would take the program of another checkout for this one's.
  if [ "$(cat "$CACHE/checkout" 2>/dev/null)" != "$ROOT" ]; then
    touch src/lib.rs
    printf '%s' "$ROOT" >"$CACHE/checkout"
  fi
}

unlock() { exec 9>&-; }
