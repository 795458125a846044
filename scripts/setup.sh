# Sourced after common.sh: each function makes sure that one tool is there, and does nothing where it is.

# How the programs for the browser are built; need_wasm_target may put another compiler in front.
WASM_CARGO=(cargo)
WASM_TARGET_DIR=$CARGO_TARGET_DIR

# apt_install PACKAGE…: with Debian's packages, where we may; fails quietly elsewhere.
apt_install() {
  command -v apt-get >/dev/null || return 1
  local as_root=(env)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || return 1
    # Asks for a password only where somebody can type it.
    if [ -t 0 ]; then as_root=(sudo env); else as_root=(sudo -n env); fi
  fi
  local install=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
  "${install[@]}" >"$LOG" 2>&1 && return
  # A fresh machine has no package lists yet, an old one has stale ones.
  "${as_root[@]}" apt-get update >>"$LOG" 2>&1 && "${install[@]}" >>"$LOG" 2>&1
}

need_rust() {
  # A shell that was open before rustup was installed does not have it on its PATH.
  command -v cargo >/dev/null || PATH=$HOME/.cargo/bin:$PATH
  command -v cargo >/dev/null || fail "Rust is missing: install it with rustup (rustup.rs), then run this again."
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(rustc --version | awk '{ print $2 }')
  printf '%s\n%s\n' "$wanted" "$have" | sort -t. -k1,1n -k2,2n -C ||
    fail "Rust $wanted or newer is needed, and this is $have: run \`rustup update stable\`, then this again."
  command -v cc >/dev/null && return
  step "Installing a C linker, which Rust needs"
  apt_install gcc libc6-dev || fail "No C compiler was found, and Rust links with one: install gcc or clang, then run this again."
}

# The standard library for the browser: rustup's, or one built from Debian's sources where rustup can download nothing.
# UNROLL_WASM_TOOLCHAIN=debian takes the second way without trying the first.
need_wasm_target() {
  local sysroot
  sysroot=$(rustc --print sysroot)
  if [ "${UNROLL_WASM_TOOLCHAIN:-}" != debian ]; then
    [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib" ] && return
    step "Adding Rust's target for the browser (wasm32-unknown-unknown)"
    if command -v rustup >/dev/null && within 180 rustup target add wasm32-unknown-unknown >"$LOG" 2>&1; then return; fi
  fi
  if ! [ -x /usr/bin/cargo ] || ! [ -d /usr/lib/rustlib/src/rust/library ]; then
    step "Installing Debian's Rust with its sources, because rustup could not add the target"
    apt_install rustc-web cargo-web rust-web-src rust-web-llvm || {
      tail -n 5 "$LOG" >&2
      fail "Rust cannot build for the browser: run \`rustup target add wasm32-unknown-unknown\` where there is a network, then this again."
    }
  fi
  local linker host
  host=$(rustc -vV | sed -n 's/^host: //p')
  linker=$(PATH=$sysroot/lib/rustlib/$host/bin:$PATH command -v rust-lld wasm-ld wasm-ld-19 wasm-ld-22 | head -n 1) || true
  if [ -z "$linker" ]; then
    step "Installing a linker for WebAssembly"
    apt_install lld-19 || fail "No linker for WebAssembly was found: install lld, then run this again."
    linker=$(command -v wasm-ld-19)
  fi
  # Two compilers in one target directory would each undo what the other built.
  WASM_TARGET_DIR=$CACHE/target-debian
  WASM_CARGO=(env "PATH=/usr/bin:$PATH" RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1
    "CARGO_UNSTABLE_BUILD_STD=std,panic_abort" "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker"
    "CARGO_TARGET_DIR=$WASM_TARGET_DIR" /usr/bin/cargo)
}

# of_lock CRATE: the version of it that we build with.
of_lock() { awk -v crate="name = \"$1\"" '$0 == crate { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock; }

# install_tool NAME VERSION CRATE TIME: a program from Rust's package registry, into our own cache.
install_tool() {
  step "Building $1 $2 ($4, once)"
  # Unoptimised: half the time.
  local install=(env "CARGO_TARGET_DIR=$CACHE/tools" CARGO_PROFILE_DEV_DEBUG=0
    cargo install --quiet --debug --force --root "$CACHE" --version "$2" "$3")
  # As its authors tested it. Where the registry lacks a version of their list: the newest that this Rust can compile.
  run "${install[@]}" --locked >"$LOG" 2>&1 ||
    attempt "$1 $2 could not be built: look at the message above; a network to Rust's package registry is needed once." \
      env CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback "${install[@]}"
}

# The generator of the glue between JavaScript and Rust must be of the very version of the crate.
need_wasm_bindgen() {
  local version
  version=$(of_lock wasm-bindgen)
  PATH=$CACHE/bin:$PATH
  [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] && return
  install_tool wasm-bindgen "$version" wasm-bindgen-cli "a few minutes"
}

# The validator and translator of shaders that Firefox compiles them with, of the version that wgpu uses itself.
need_naga() {
  local version
  version=$(of_lock naga)
  PATH=$CACHE/bin:$PATH
  [ "$(naga --version 2>/dev/null)" = "$version" ] && return
  # Measured: 27 s on 2 cores.
  install_tool naga "$version" naga-cli "half a minute"
}

# The oldest Node.js that the tools of package.json run on, and the one that is fetched where there is an older one only.
NODE_OLDEST=18 NODE_FETCHED=22

need_node() {
  local own=$CACHE/node/node_modules
  if [ -x "$own/.bin/npm" ]; then PATH=$own/.bin:$own/$(node_package)/bin:$PATH; fi
  if ! has_node; then
    step "Installing Node.js"
    install_node || fail "Node.js $NODE_OLDEST or newer with npm is needed$(node_found): install it from nodejs.org, then run this again."
  fi
  # npm leaves its own copy of the lock there; older than ours means that ours has changed.
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  step "Installing the tools of package.json"
  quietly "npm could not install the tools of package.json: a network to npm's registry is needed once." \
    npm ci --no-audit --no-fund
}

has_node() {
  command -v npm >/dev/null && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge $NODE_OLDEST ]
}

node_found() { if command -v node >/dev/null; then printf ', and this is %s' "$(node --version)"; fi; }

# npm's package of the Node.js program for this machine.
node_package() {
  local system machine
  system=$(uname | tr '[:upper:]' '[:lower:]')
  case $(uname -m) in
    arm64 | aarch64) machine=arm64 ;;
    *) machine=x64 ;;
  esac
  printf 'node-%s-%s' "$system" "$machine"
}

# Debian's or Homebrew's; where that is too old, as Ubuntu 22.04's 12 is, its npm fetches a newer one into our own cache.
install_node() {
  if ! command -v npm >/dev/null; then
    if command -v brew >/dev/null; then brew install node >"$LOG" 2>&1; else apt_install nodejs npm; fi || return 1
  fi
  has_node && return
  local own=$CACHE/node/node_modules
  mkdir -p "$CACHE/node"
  npm install --prefix "$CACHE/node" --no-audit --no-fund "$(node_package)@$NODE_FETCHED" npm@10 >"$LOG" 2>&1 || return 1
  PATH=$own/.bin:$own/$(node_package)/bin:$PATH
  hash -r
  has_node
}

# Chromium or Chrome for the tests; which ones will do, scripts/chromium.mjs knows.
need_chromium() {
  if ! CHROME=$(node scripts/chromium.mjs); then
    # On Ubuntu the package is a snap.
    if ! grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then
      step "Installing Chromium"
      apt_install chromium || true
    fi
    CHROME=$(node scripts/chromium.mjs) || fail "$(node scripts/chromium.mjs --why)"
  fi
  export CHROME
}

# A Vulkan driver lets the kernels be tested natively; lavapipe is one that needs no graphics card.
need_vulkan() {
  [ "$(uname)" = Linux ] || return 0
  compgen -G "/usr/share/vulkan/icd.d/*.json" >/dev/null && return
  compgen -G "/etc/vulkan/icd.d/*.json" >/dev/null && return
  step "Installing a Vulkan driver that needs no graphics card"
  apt_install mesa-vulkan-drivers ||
    step "No Vulkan driver could be installed: the kernels are tested in Chromium only (mesa-vulkan-drivers brings one)"
}
