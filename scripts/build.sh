# Sourced after setup.sh: builds the programs of the page and puts the finished site into dist/.

# Set to 1 for quick iteration: the programs are left as the compiler made them.
FAST=${FAST:-0}

build_page() {
  step "Building the page (2 minutes the first time)"
  # Views of leptos by their interface rather than their type: 20 KB less, compressed.
  cargo_wasm page page '"--cfg=erase_components"'
  # Smaller when compressed than with -Oz, which spoils the repetitions that gzip lives on.
  bind page page page -O1 --duplicate-function-elimination --merge-blocks --rse --dae-optimizing --vacuum
}

build_engine() {
  step "Building the engine (10 minutes the first time, because burn is large)"
  cargo_wasm engine worker ''
  # Measured on 2 cores: -O1 takes 43 s and gives 2.60 MB gzip, -O2 120 s and 2.76, -Oz 180 s and 2.76.
  bind engine engine worker -O1
}

# The engine with burn's own LSTM, which would make every visitor's engine a tenth larger: it is loaded by the panel that
# measures the machine. Nothing else waits for it, so it is built last.
build_bench() {
  step "Building the engine that measures (2 minutes the first time)"
  cargo_wasm engine worker '' ,bench
  bind bench engine worker -O1
}

# cargo_wasm PROFILE PROGRAM FLAGS [,FEATURE]: the program's own feature has its name; FLAGS are rustc's, as TOML strings.
cargo_wasm() {
  attempt "The $1 does not compile: the first error above says where." \
    "${WASM_CARGO[@]}" build --locked --profile "$1" --target wasm32-unknown-unknown \
    --config "target.wasm32-unknown-unknown.rustflags = [$(nameless_paths)$3]" \
    --no-default-features --features "$2${4:-}" --bin "$2"
}

# Flags that keep this machine's folders out of the messages that the shipped programs carry. Neither the checkout nor
# the cache is among them: cargo names our own files from the checkout's root, and another flag would build burn anew.
nameless_paths() {
  local folder
  for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/ /usr/lib/rustlib/src/rust/; do
    printf '"--remap-path-prefix=%s=", ' "$folder"
  done
}

# bind NAME PROFILE PROGRAM PASS…: compiled program → $CACHE/web/NAME/{NAME.js, NAME_bg.wasm}, made small.
# Nothing is done again while the program and the way it is treated are the same.
bind() {
  local name=$1 compiled=$WASM_TARGET_DIR/wasm32-unknown-unknown/$2/$3.wasm
  local out=$CACHE/web/$name recipe
  shift 3
  if [ "$FAST" = 1 ]; then recipe="wasm-bindgen only"; else recipe="$* $(cat package-lock.json scripts/order.mjs)"; fi
  [ -f "$out/recipe" ] && [ "$(cat "$out/recipe")" = "$recipe" ] && cmp -s "$compiled" "$out/compiled.wasm" && return

  rm -rf "$out"
  mkdir -p "$out"
  quietly "wasm-bindgen failed on the $name: remove $CACHE/bin and run this again." \
    wasm-bindgen --target web --no-typescript --out-name "$name" --out-dir "$out" "$compiled"
  if [ "$FAST" != 1 ]; then
    step "Making the $name small"
    optimise "$name" "$out/${name}_bg.wasm" "$@" -g "$out/named.wasm"
    # What is alike is put together, for gzip, which finds a repetition only within 32 KB: a tenth less of the engine.
    quietly "The functions of the $name could not be put into order." \
      node scripts/order.mjs "$out/named.wasm" "$out/ordered.wasm"
    optimise "$name" "$out/ordered.wasm" --reorder-functions-by-name \
      --strip-debug --strip-producers --strip-target-features "$out/${name}_bg.wasm"
    rm "$out/named.wasm" "$out/ordered.wasm"
    quietly "terser failed on the $name: remove node_modules and run this again." \
      node_modules/.bin/terser --module --compress --mangle --output "$out/$name.js" -- "$out/$name.js"
  fi
  cp "$compiled" "$out/compiled.wasm"
  # Last, so that an interrupted build is not taken for a finished one.
  printf '%s' "$recipe" >"$out/recipe"
}

# optimise NAME FROM PASS… TO
optimise() {
  local name=$1 from=$2 to=${*: -1}
  quietly "wasm-opt failed on the $name: remove node_modules and run this again." \
    node_modules/.bin/wasm-opt "$from" "${@:3:$#-3}" \
    --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
    --enable-reference-types --enable-multivalue -o "$to"
}

# Everything a static server needs, put in place in one go: whoever reads dist/ meanwhile sees the old or the new one.
assemble() {
  step "Putting the site into dist/"
  local new=$ROOT/.dist.$$ part
  # A build that was killed outright leaves its own behind; the lock says that nobody else is building.
  rm -rf "$ROOT"/.dist.*
  UNFINISHED=$new
  mkdir -p "$new/corpora"
  cp -R www/. "$new/"
  cp assets/corpora/*.txt "$new/corpora/"
  for part in page engine; do put_program "$part" "$new"; done
  # The progress bar needs the size before the first byte is there; a compressed download does not tell it.
  local bytes
  bytes=$(wc -c <"$new/engine_bg.wasm" | tr -d ' ')
  sed "s|<meta name=\"engine-bytes\" content=\"[^\"]*\"|<meta name=\"engine-bytes\" content=\"$bytes\"|" index.html >"$new/index.html"
  grep -q "name=\"engine-bytes\" content=\"$bytes\"" "$new/index.html" || fail "index.html has no <meta name=\"engine-bytes\" content=\"…\">."
  # Left by a build that was ended between the next two lines.
  if [ ! -d dist ] && [ -d dist.old ]; then mv dist.old dist; fi
  rm -rf dist.old
  if [ -d dist ]; then mv dist dist.old; fi
  mv "$new" dist
  UNFINISHED=''
  rm -rf dist.old
}

# put_program NAME FOLDER
put_program() {
  cp "$CACHE/web/$1/$1.js" "$CACHE/web/$1/$1_bg.wasm" "$2/"
  if [ -d "$CACHE/web/$1/snippets" ]; then cp -R "$CACHE/web/$1/snippets" "$2/"; fi
}

# The page with the engine; the program that measures comes by `add_bench`.
build_site() {
  need_rust
  need_node
  need_wasm_target
  need_wasm_bindgen
  lock
  # Before the flags are made, which name the folder that this fills.
  step "Fetching the crates"
  attempt "The crates could not be fetched: a network to Rust's package registry is needed once." \
    "${WASM_CARGO[@]}" fetch --quiet --locked --target wasm32-unknown-unknown
  build_page
  build_engine
  assemble
  took
  unlock
}

# Puts the program that measures into a finished site.
add_bench() {
  lock
  build_bench
  put_program bench "$ROOT/dist"
  took
  unlock
}
