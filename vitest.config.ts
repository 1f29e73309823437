import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // by default one core is left to the one who waits; on two that would double the time
    maxWorkers: '100%',
    testTimeout: 120_000,
  },
});
