# Where the tools of this project are. Sourced from the top of the repository by the Makefile and the scripts
# beside it. Nothing here installs anything: .ci/setup does.

CARGO_LEPTOS_VERSION=0.3.11
# Installed only by `make mutants`.
CARGO_MUTANTS_VERSION=27.0.0

# The command line tool must be exactly as old as the crate that generated the code.
WASM_BINDGEN_VERSION=0.2.130
if [ -f Cargo.lock ]; then
  locked=$(awk '$1 == "name" { at = ($3 == "\"wasm-bindgen\"") } at && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock)
  WASM_BINDGEN_VERSION=${locked:-$WASM_BINDGEN_VERSION}
  unset locked
fi

TOOLS=${COMPAGNON_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/compagnon-tools}

if ! command -v rustup >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/rustup" ]; then
  PATH="$HOME/.cargo/bin:$PATH"
fi
PATH="$TOOLS/cargo-leptos-$CARGO_LEPTOS_VERSION/bin:$TOOLS/cargo-mutants-$CARGO_MUTANTS_VERSION/bin:$TOOLS/wasm-bindgen-$WASM_BINDGEN_VERSION/bin:$PWD/end2end/node_modules/.bin:$PATH"
for bin in /usr/lib/postgresql/*/bin; do
  if [ -x "$bin/initdb" ]; then PATH="$PATH:$bin"; fi
done
unset bin
export PATH
