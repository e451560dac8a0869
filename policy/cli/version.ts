/** Set by the build: the engine's version, and a mark where it is not the one that is pinned. */
declare const tandemEngine: string | undefined;

export const version = '0.1.0';
export const engine = typeof tandemEngine === 'string' ? tandemEngine : 'none';
