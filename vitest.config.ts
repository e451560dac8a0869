import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A busy machine takes many times what a test needs; a deadline is for what hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: binary tests measure nothing, but they do wait for processes.
    maxWorkers: 2,
    setupFiles: ['test/seed.ts'],
    projects: [
      // A property that fails for one seed has failed.
      { extends: true, test: { name: 'policy', include: ['policy/**/*.test.ts'], retry: 0 } },
      // Real shells on a machine that may be busy with something else: a second chance, no third.
      {
        extends: true,
        test: {
          name: 'binary',
          include: ['test/*.test.ts', 'test/{front,embedded}/*.test.ts'],
          retry: 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: [
            'test/containers/*.test.ts',
            ...(process.env['TANDEM_MATRIX'] ? ['test/containers/long/*.test.ts'] : []),
          ],
          globalSetup: 'test/containers/setup.ts',
          // After the others: a sandbox takes a core for itself.
          sequence: { groupOrder: 1 },
          hookTimeout: 600_000,
          retry: 1,
        },
      },
    ],
  },
});
