// Builds the release site into the given folder: the files of public/, and every bundle of bundles.json.
//
// A bundle is a crate with an entry point for the browser. Its folder of the site gets a script, a WebAssembly file,
// its chunks and its style sheet, all minified, each with its compressed forms.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const top = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(join(top, 'end2end', 'package.json'));
const bundles = JSON.parse(readFileSync(join(top, '.ci', 'bundles.json'), 'utf8'));
const site = process.argv[2];

// The oldest browsers that the style sheet supports.
const version = (major) => major << 16;
const BROWSERS = { android: version(111), chrome: version(111), firefox: version(113), ios_saf: version(17), safari: version(17) };

const run = (program, ...args) => execFileSync(program, args, { cwd: top, stdio: 'inherit' });
const filesIn = (folder) => readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());

// --- one bundle ------------------------------------------------------------------------------------------------

function compile(crate) {
  const target = join(top, 'target', 'front');
  // The chunks are split along function addresses, so relocations are emitted.
  run('cargo', 'rustc', '-p', crate, '--lib', '--profile', 'wasm-release', '--target', 'wasm32-unknown-unknown', '--target-dir', target, '--', '-Clink-args=--emit-relocs');
  return join(target, 'wasm32-unknown-unknown', 'wasm-release', `${crate.replaceAll('-', '_')}.wasm`);
}

async function shrinkScripts(folder) {
  const { minify } = require('terser');
  for (const name of filesIn(folder).filter((one) => one.endsWith('.js'))) {
    const path = join(folder, name);
    const { code } = await minify(readFileSync(path, 'utf8'), { module: true, compress: { passes: 2 } });
    writeFileSync(path, code);
  }
}

// Twice: the second pass finds optimizations that the first one exposes.
function shrinkWasm(path) {
  const features = ['--enable-bulk-memory', '--enable-nontrapping-float-to-int'];
  const args = ['-Oz', '-Oz', ...features, '--strip-producers', '--strip-target-features', path, '-o', path];
  return new Promise((done, fail) => {
    const optimizer = spawn('wasm-opt', args, { stdio: 'inherit' });
    optimizer.once('error', fail);
    optimizer.once('exit', (code) => (code === 0 ? done() : fail(new Error(`wasm-opt ${path}: ${code}`))));
  });
}

async function atOnce(jobs, count, work) {
  const rest = [...jobs];
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let job = rest.shift(); job !== undefined; job = rest.shift()) await work(job);
    }),
  );
}

function style(source, target) {
  const { bundle } = require('lightningcss');
  writeFileSync(target, bundle({ filename: join(top, source), minify: true, targets: BROWSERS }).code);
}

async function build({ name, crate, folder, style: source }) {
  const into = join(site, folder);
  mkdirSync(into, { recursive: true });
  run('bundle', compile(crate), into, name);
  await shrinkScripts(into);
  const wasm = filesIn(into).filter((file) => file.endsWith('.wasm'));
  await atOnce(wasm.map((file) => join(into, file)), availableParallelism(), shrinkWasm);
  if (source) style(source, join(into, `${name}.css`));
}

// --- the site --------------------------------------------------------------------------------------------------

function compress(path) {
  if (!/\.(css|html|js|json|svg|wasm|webmanifest)$/.test(path)) return;
  const bytes = readFileSync(path);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

rmSync(site, { recursive: true, force: true });
cpSync(join(top, 'public'), site, { recursive: true, filter: (path) => !path.endsWith('.DS_Store') });
for (const bundle of bundles) await build(bundle);
for (const file of filesIn(site)) compress(join(site, file));
