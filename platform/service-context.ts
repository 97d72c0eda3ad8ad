/**
 * What a process gives each of its services. Every `services/<name>/<name>.service.ts` exports
 * `createService(context): ServiceSchema`; `services/main.ts` calls it. Owns no behaviour.
 */
import type { ServiceSchema } from 'moleculer';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config/index.ts';
import type { Door } from '../dispatch/redis/door.ts';

/** Resolves when the part can serve; rejects, with a line for people, when it cannot. */
export type ReadyCheck = () => Promise<void> | void;

export interface ServiceContext {
  readonly config: Config;
  readonly log: Logger;
  /** Of this process; metrics of all its services go here. */
  readonly metrics: Registry;
  /** Adds a line to /health/ready of this process. */
  addCheck(name: string, check: ReadyCheck): void;
  /** The process's one door to the engine, opened at the first call, closed by the process. */
  door(): Promise<Door>;
}

export type CreateService = (context: ServiceContext) => ServiceSchema;
