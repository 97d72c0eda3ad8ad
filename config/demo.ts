/**
 * Owns what the live city needs to know of the stack it plays on: the addresses of the public doors
 * and the operator it may log in as. The launcher sets these for its child.
 */
import { ConfigError, type ConfigProblem } from './index.ts';
import { schema } from './schema.ts';
import { readVariable } from './variable.ts';

export interface DemoConfig {
  /** Base address of the REST API, without a slash at its end. */
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly operator: { readonly email: string; readonly password: string };
}

const names = [
  'WAGGLE_PUBLIC_API_URL',
  'WAGGLE_PUBLIC_GATEWAY_URL',
  'WAGGLE_OPERATOR_EMAIL',
  'WAGGLE_OPERATOR_PASSWORD',
] as const;

/** Reads the four variables of the city. Throws ConfigError with all problems. */
export function loadDemoConfig(env: Readonly<Record<string, string | undefined>>): DemoConfig {
  const problems: ConfigProblem[] = [];
  const [apiUrl, gatewayUrl, email, password] = names.map((variable) => {
    const reading = readVariable(schema[variable], env[variable]);
    if ('problem' in reading) problems.push({ variable, problem: reading.problem });
    else if (reading.value === undefined) problems.push({ variable, problem: 'is not set' });
    else return String(reading.value);
    return '';
  }) as [string, string, string, string];
  if (problems.length > 0) throw new ConfigError(problems);
  const trimmed = { apiUrl: apiUrl.replace(/\/$/, ''), gatewayUrl: gatewayUrl.replace(/\/$/, '') };
  return Object.freeze({ ...trimmed, operator: Object.freeze({ email, password }) });
}
