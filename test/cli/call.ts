/** Calls the command in this process, with its streams and the signals in hand, in a folder of its own. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { oracleCatalog } from '../../src/check/all-oracles.ts';
import { entriesOf, shippedDir } from '../../src/cli/catalogue.ts';
import { dispatch, type Doors } from '../../src/cli/program.ts';
import { replayModel, searchModel } from '../../src/explorer.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';
import { factsOf, simulate } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Signals extends EventEmitter {
  readonly pid = 42;
  readonly killed: string[] = [];
  kill(_pid: number, signal: string): void {
    this.killed.push(signal);
  }
}

export interface CommandUnderTest {
  /** A folder that is there for one test. */
  readonly home: string;
  readonly runsDir: string;
  readonly signals: Signals;
  call(argv: readonly string[], doors?: Partial<Doors>): Promise<Called>;
}

/** To be called where tests are declared. */
export function commandUnderTest(): CommandUnderTest {
  const state = { home: '', signals: new Signals() };
  beforeEach(() => {
    state.home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
    state.signals = new Signals();
  });
  afterEach(() => rmSync(state.home, { recursive: true, force: true }));
  return {
    get home() { return state.home; },
    get runsDir() { return join(state.home, 'runs'); },
    get signals() { return state.signals; },
    call: (argv, doors) => call(argv, { ...realDoors(join(state.home, 'runs'), state.signals), ...doors }),
  };
}

function realDoors(runsDir: string, signals: Signals): Doors {
  const faults = entriesOf('faults').map(({ id }) => id);
  return {
    simulate, factsOf, runsDir, signals,
    shippedDir: shippedDir(),
    oracles: oracleCatalog.map(({ id }) => id),
    models: CATALOGUE,
    // in this thread: a search cannot be interrupted here
    search: async (task) => searchModel(CATALOGUE, task, { now: () => performance.now() }),
    replay: async (subject, schedule) => replayModel(CATALOGUE, subject, schedule),
    resolve: (text, fileName, overrides) => resolveScenario(text, fileName, overrides, faults),
  };
}

async function call(argv: readonly string[], doors: Doors): Promise<Called> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => { out += text; },
    err: (text: string) => { err += text; },
    colour: false, bar: null, argv,
  };
  const code = await dispatch(argv, terminal, doors);
  return { code, out, err };
}
