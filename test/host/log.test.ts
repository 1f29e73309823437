import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRunLog } from '../../src/host/log.ts';

it('each line of the log is there as soon as it is said, with the simulated time', () => {
  const home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  const path = join(home, 'log.ndjson');
  const log = openRunLog(path);
  const lines = () => readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  log.info(0, 'boot', { cpus: 4 });
  expect(lines()).toMatchObject([{ level: 30, ns: 0, cpus: 4, msg: 'boot' }]);
  log.warn(5, 'odd');
  log.error(7, 'gone', { err: new Error('why') });
  expect(lines().slice(1)).toMatchObject([{ level: 40, ns: 5, msg: 'odd' }, { level: 50, ns: 7, msg: 'gone', err: { message: 'why' } }]);
  log.close();
  rmSync(home, { recursive: true });
});
