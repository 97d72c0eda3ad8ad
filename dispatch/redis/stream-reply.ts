/** Reads the raw replies of stream commands, with values as bytes. Throws TypeError on other shapes. */

export interface StreamEntry {
  readonly id: string;
  /** Field, value, field, value… */
  readonly fields: readonly Buffer[];
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('stream reply: expected a list');
  return value;
}

function bytes(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new TypeError('stream reply: expected bytes');
  return value;
}

/** The entries of XRANGE. */
export function readEntries(reply: unknown): StreamEntry[] {
  return list(reply).map((raw) => {
    const [id, fields] = list(raw);
    return { id: bytes(id).toString(), fields: list(fields).map(bytes) };
  });
}

/** The answer of XREAD by key; empty when nothing came. */
export function readStreams(reply: unknown): Map<string, StreamEntry[]> {
  const streams = new Map<string, StreamEntry[]>();
  if (reply === null) return streams;
  for (const raw of list(reply)) {
    const [key, entries] = list(raw);
    streams.set(bytes(key).toString(), readEntries(entries));
  }
  return streams;
}

/** The value of a field; undefined when it is missing. */
export function fieldOf(entry: StreamEntry, name: string): Buffer | undefined {
  for (let i = 0; i + 1 < entry.fields.length; i += 2) {
    if (entry.fields[i]?.toString() === name) return entry.fields[i + 1];
  }
  return undefined;
}
