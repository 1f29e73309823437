#!/usr/bin/env node
/** The command `dynticks`. */
import { oracleCatalog } from '../check/all-oracles.ts';
import { tuneV8 } from '../host/v8-tuning.ts';
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
});
