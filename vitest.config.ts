import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['policy/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    // Two cores: binary tests measure nothing, but they do wait for processes.
    maxWorkers: 2,
    // Real shells on a machine that may be busy with something else: a second chance, no third.
    retry: 1,
  },
});
