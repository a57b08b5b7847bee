// Runs the browser tests, all of them or those named: npm test -- platform offline
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemplate, temporary } from './harness.mjs';

const tests = fileURLToPath(new URL('tests', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(tests)
  .filter((name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((word) => name.includes(word))))
  .sort()
  .map((name) => join(tests, name));
if (files.length === 0) {
  console.error(`no test file is named like ${wanted.join(' or ')}`);
  process.exit(1);
}

const folder = await temporary();
try {
  const starts = join(folder, 'starts');
  const env = { ...process.env, COMPAGNON_STARTS: starts };
  // The platform tests need no server.
  if (files.some((file) => !file.endsWith('platform.test.mjs'))) env.COMPAGNON_TEMPLATE = await makeTemplate(folder);
  const runner = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=900000', '--test-reporter=spec', ...files], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((done) => runner.once('exit', (code) => done(code ?? 1)));
  const again = existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n') : [];
  console.log(`Chromium started again: ${again.length}${again.length > 0 ? ` (${again.join(', ')})` : ''}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
