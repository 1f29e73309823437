import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

/** Rooms whose tests call functions: they start no thread and leave nothing behind, so one process serves all their files. */
const UNITS = ['check', 'kernel', 'machine', 'observe', 'shared', 'workload'].map((room) => `test/${room}/**/*.test.ts`);

const ROOT = fileURLToPath(new URL('./', import.meta.url));
const SOURCE = /^((?:shared|src|scripts|workers)\/.+)\.ts$/;

/**
 * Gives tests what was compiled from the sources that they name. Node loads it as it is, whereas vitest reads
 * each import of a source through a getter, every time that it is used: models take twice as long.
 */
const COMPILED: Plugin = {
  name: 'compiled',
  enforce: 'pre',
  resolveId(wanted, importer) {
    if (importer === undefined || !wanted.startsWith('.')) return undefined;
    const path = fileURLToPath(new URL(wanted, `file://${importer}`));
    const [, name] = SOURCE.exec(path.slice(ROOT.length)) ?? [];
    return name === undefined ? undefined : { id: `${ROOT}dist/${name}.js`, external: true };
  },
};

export default defineConfig(({ mode }) => ({
  plugins: mode === 'compiled' ? [COMPILED] : [],
  test: {
    pool: 'forks',
    // by default one core is left to the one who waits; on two that would double the time
    maxWorkers: '100%',
    projects: [
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      { extends: true, test: { name: 'machines', include: ['test/**/*.test.ts'], exclude: UNITS } },
    ],
    testTimeout: 120_000,
  },
}));
