# Where the tools of this project are. Sourced from the top of the repository by the Makefile and the scripts
# beside it. Nothing here installs anything: .ci/setup does.

# For `make dev`. wasm-bindgen must be exactly as old as the crate that generated the code.
CARGO_LEPTOS_VERSION=0.3.11
# Installed only by `make mutants`.
CARGO_MUTANTS_VERSION=27.0.0
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
# The tool of .ci/bundle, by what it is made of.
BUNDLE=$TOOLS/bundle-$(cat .ci/bundle/Cargo.lock .ci/bundle/Cargo.toml .ci/bundle/src/main.rs rust-toolchain.toml | cksum | tr ' ' '-')
PATH="$BUNDLE:$TOOLS/cargo-leptos-$CARGO_LEPTOS_VERSION/bin:$TOOLS/cargo-mutants-$CARGO_MUTANTS_VERSION/bin:$TOOLS/wasm-bindgen-$WASM_BINDGEN_VERSION/bin:$PWD/end2end/node_modules/.bin:$PATH"
for bin in /usr/lib/postgresql/*/bin; do
  if [ -x "$bin/initdb" ]; then PATH="$PATH:$bin"; fi
done
unset bin
export PATH
