#!/usr/bin/env node
/** The command `dynticks`. */
import { oracleCatalog } from '../check/all-oracles.ts';
import type { Execution } from '../explore/counterexample.ts';
import { runJob } from '../host/threads/job-thread.ts';
import { tuneV8 } from '../host/v8-tuning.ts';
import type { ExplorerJob } from '../explorer.ts';
import { CATALOGUE } from '../models/catalogue.ts';
import { factsOf, simulate } from '../sim.ts';
import { resolveScenario } from '../workload/resolve.ts';
import { entriesOf, shippedDir } from './catalogue.ts';
import { dispatch } from './program.ts';
import { processTerminal } from './terminal.ts';

tuneV8();
const faults = entriesOf('faults').map(({ id }) => id);

process.exitCode = await dispatch(process.argv.slice(2), processTerminal(), {
  simulate,
  factsOf,
  resolve: (text, fileName, overrides) => resolveScenario(text, fileName, overrides, faults),
  oracles: oracleCatalog.map(({ id }) => id),
  shippedDir: shippedDir(),
  runsDir: 'runs',
  signals: process,
  models: CATALOGUE,
  search: (task, watch) => runJob('explorer', { kind: 'search', task } satisfies ExplorerJob, watch),
  replay: async (subject, schedule) =>
    (await runJob<ExplorerJob, never, Execution>('explorer', { kind: 'replay', subject, schedule }, {}))!,
});
