import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTraceFile } from '../../src/host/trace-file.ts';
import { HostLimit } from '../../src/host/host-limit.ts';

it('the trace file holds the bytes in the order in which they came', () => {
  const home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  const path = join(home, 'trace.bin');
  const file = openTraceFile(path);
  const reused = Uint8Array.of(1, 2, 3);
  file.write(reused);
  reused.fill(9);
  file.write(reused.subarray(1));
  file.close();
  expect([...readFileSync(path)]).toEqual([1, 2, 3, 9, 9]);
  expect(() => openTraceFile(path), 'a trace is never overwritten').toThrow(/EEXIST/);
  rmSync(home, { recursive: true });
});

it.skipIf(process.platform !== 'linux')('a full disk is a limit, not a bug', () => {
  const path = `/dev/full`;
  const file = openTraceFile(path, 'w');
  expect(() => file.write(Uint8Array.of(1))).toThrow(HostLimit);
  file.close();
});
