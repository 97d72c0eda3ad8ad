/**
 * The engine's pure core, as the runtime sees it. No I/O, no clock, no randomness, no promise.
 */
export * from './input.ts';
