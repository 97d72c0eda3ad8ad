/**
 * Validates with the schemas of contracts/api (JSON Schema 2020-12). Owns the one Ajv per kind of
 * use: strict for bodies and actions, coercing for what came as text in a URL. Never changes input
 * except for defaults and, in the coercing one, types.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import type { JsonSchema } from '../contracts/api/routes.ts';
import { type FieldProblem, WaggleError } from '../contracts/errors.ts';

/** Problems told to a caller at once; a hostile body could have millions. */
const PROBLEMS_MAX = 20;

/** Checks a value and returns it typed, or throws `request.invalid` with a pointer per field. */
export type Check<T> = (value: unknown) => T;

export interface Validator {
  check<T>(schema: JsonSchema): Check<T>;
}

// The types of ajv-formats describe a default export that Node's ESM gives one level deeper.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void;

/**
 * Makes a validator. `coerce`: text from a URL may stand for numbers and booleans. A schema is
 * compiled when it is first used: all of them together would take a third of a process's start.
 */
export function createValidator(options: { readonly coerce?: boolean } = {}): Validator {
  let ajv: Ajv2020 | undefined;
  return {
    check<T>(schema: JsonSchema): Check<T> {
      let validate: ValidateFunction | undefined;
      return (value) => {
        ajv ??= createAjv(options.coerce === true);
        validate ??= ajv.compile(schema as object) as ValidateFunction;
        if (validate(value)) return value as T;
        throw new WaggleError('request.invalid', undefined, problemsOf(validate.errors ?? []));
      };
    },
  };
}

function createAjv(coerceTypes: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: false,
    useDefaults: true,
    coerceTypes,
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
  });
  addFormats(ajv);
  return ajv;
}

function problemsOf(errors: readonly ErrorObject[]): FieldProblem[] {
  return errors.slice(0, PROBLEMS_MAX).map((error) => ({
    field: `${error.instancePath}${extraPointer(error)}` || '/',
    expected: error.message ?? 'another value',
  }));
}

/** Missing and unknown properties are reported at their own place, not at the object. */
function extraPointer(error: ErrorObject): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  const name = params.missingProperty ?? params.additionalProperty;
  return typeof name === 'string' ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
}
