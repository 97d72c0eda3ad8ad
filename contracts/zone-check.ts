/**
 * Whether a zone's configuration can be reckoned with. The API checks what people send by its schemas;
 * this is for what reaches the engine as a command, by whatever way: a negative or infinite weight
 * would not fail, it would quietly decide nonsense.
 */
import type { FieldProblem } from './errors.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS, type ZoneConfig } from './zone.ts';

const EXPECTED_NUMBER = 'a finite number, 0 or more';

/** Each field that is no finite number from 0 on (or no boolean), by JSON Pointer; empty: all are. */
export function configProblems(config: ZoneConfig): FieldProblem[] {
  const { shadow } = config;
  return [
    ...problemsOf('/weights', config.weights, DEFAULT_WEIGHTS),
    ...problemsOf('/policy', config.policy, DEFAULT_POLICY),
    ...(shadow ? problemsOf('/shadow/weights', shadow.weights, DEFAULT_WEIGHTS) : []),
    ...(shadow ? problemsOf('/shadow/policy', shadow.policy, DEFAULT_POLICY) : []),
  ];
}

/** `given` may lack fields: they get their defaults. What no default knows is not looked at. */
function problemsOf(at: string, given: unknown, defaults: object): FieldProblem[] {
  if (typeof given !== 'object' || given === null) return [{ field: at, expected: 'an object' }];
  return Object.entries(given).flatMap(([name, value]): FieldProblem[] => {
    const field = `${at}/${name}`;
    const usual = (defaults as Readonly<Record<string, unknown>>)[name];
    if (usual === undefined || value === undefined) return [];
    if (typeof usual === 'object') return problemsOf(field, value, usual as object);
    if (typeof usual === 'boolean') {
      return typeof value === 'boolean' ? [] : [{ field, expected: 'true or false' }];
    }
    if (typeof usual !== 'number') return [];
    const isFine = typeof value === 'number' && Number.isFinite(value) && value >= 0;
    return isFine ? [] : [{ field, expected: EXPECTED_NUMBER }];
  });
}
