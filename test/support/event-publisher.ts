/** Owns telling a service's stream what another service would tell it through its outbox. */
import {
  createEventStream,
  type EventEntry,
  type EventStreamOptions,
} from '../../platform/event-stream.ts';

export interface EventPublisher {
  publish(entry: EventEntry): Promise<void>;
  publishAll(entries: readonly EventEntry[]): Promise<void>;
}

/** Appends entries as a relay does. */
export function createEventPublisher(options: EventStreamOptions): EventPublisher {
  const stream = createEventStream(options);
  const publishAll = (entries: readonly EventEntry[]): Promise<void> =>
    stream.append(entries.map((entry) => JSON.stringify(entry)));
  return { publish: (entry) => publishAll([entry]), publishAll };
}
