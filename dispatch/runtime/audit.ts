/**
 * Audit: decides again. The step is run on the recorded inputs from the state before, and must find
 * the same events, for the same code, weights and engine version.
 */
import type { PlacedEvent } from '../core/input.ts';
import type { Engine } from './engine.ts';
import type { LogRecord } from './log-record.ts';

export interface AuditFinding {
  readonly seq: number;
  /** Index of the input whose events differ. */
  readonly input: number;
  readonly recorded: string;
  readonly decided: string;
}

/** Steps `state` through a record. Empty: audit agrees. `state` then stands after the record. */
export function auditRecord<S, C>(
  engine: Engine<S, C>,
  state: S,
  record: LogRecord,
): readonly AuditFinding[] {
  const findings: AuditFinding[] = [];
  record.inputs.forEach(({ zone, input }, index) => {
    const recorded = record.events
      .filter((placed) => placed.i === index)
      .map((placed): PlacedEvent => ({ zone: placed.zone, event: placed.event }));
    const decided = engine
      .step(state, zone, input, record.atMs)
      .map((event): PlacedEvent => ({ zone, event }));
    const left = JSON.stringify(recorded);
    const right = JSON.stringify(decided);
    if (left !== right) {
      findings.push({ seq: record.seq, input: index, recorded: left, decided: right });
    }
  });
  const sameCore = record.engine === engine.version;
  if (sameCore && record.hash !== undefined && engine.hash(state) !== record.hash) {
    const decided = String(engine.hash(state));
    findings.push({ seq: record.seq, input: -1, recorded: String(record.hash), decided });
  }
  return findings;
}
