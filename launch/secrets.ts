/** Owns the secrets of a stack on one machine: made at the first start, kept in the state folder. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './launch-error.ts';

export interface Secrets {
  /** As WAGGLE_JWT_KEYS wants it. */
  readonly jwtKeys: string;
  /** As WAGGLE_SECRETS_KEYS wants it. */
  readonly secretsKeys: string;
  readonly operatorEmail: string;
  readonly operatorPassword: string;
}

/** The secrets of this state folder. */
export function readSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  if (existsSync(file)) {
    const { jwtKeys, secretsKeys, operatorEmail, operatorPassword } = parse(file);
    if (jwtKeys !== undefined && operatorEmail !== undefined && operatorPassword !== undefined) {
      const known = { jwtKeys, operatorEmail, operatorPassword };
      if (secretsKeys !== undefined) return { ...known, secretsKeys };
      // Of a stack from before there were any.
      return keep(file, { ...known, secretsKeys: newSecretsKeys() });
    }
    throw new LaunchError(`${file} is damaged: delete it (everyone has to log in anew)`);
  }
  mkdirSync(stateDir, { recursive: true });
  return keep(file, {
    jwtKeys: `k1:${randomBytes(32).toString('base64url')}`,
    secretsKeys: newSecretsKeys(),
    operatorEmail: 'operator@waggle.example',
    operatorPassword: randomBytes(18).toString('base64url'),
  });
}

function newSecretsKeys(): string {
  return `k1:${randomBytes(32).toString('base64')}`;
}

function keep(file: string, secrets: Secrets): Secrets {
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

function parse(file: string): Partial<Secrets> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
  } catch {
    return {};
  }
}
