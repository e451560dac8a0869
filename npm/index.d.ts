import type { Config } from './config.js';

export type * from './config.js';

/** The keys, or a function that gives them. */
export type Definition = Config | (() => Config | Promise<Config>);

/**
 * The configuration of `tandem.config.ts`, with its type:
 *
 *     import { defineConfig } from 'tandem-init';
 *     export default defineConfig({ processes: { app: { command: './app', port: 8081 } } });
 *
 * `npx tandem plan tandem.config.ts -o tandem.plan` compiles it, once, at build time.
 */
export declare function defineConfig(config: Definition): Definition;

/** The path of the binary for this machine; throws where there is none. */
export declare function binary(): string;
