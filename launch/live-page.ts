/**
 * Owns the live page's bundle and the link that opens it: built before the API starts, signed by the
 * operator once it answers. A link can watch and nothing else.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Session, ViewLink } from '../contracts/api/users.ts';
import { buildWeb } from '../web/build.ts';
import { projectRoot } from './paths.ts';

const LOGIN_MS = 5_000;
/** Processes that have just started may need a moment to find each other; host ms. */
const LINK_MS_MAX = 10_000;
const LINK_RETRY_MS = 100;

/** Builds the page when its sources changed; under a second, and nothing when they did not. */
export async function buildLivePage(): Promise<void> {
  await buildWeb(join(projectRoot, '.waggle', 'web'));
}

export interface Operator {
  readonly email: string;
  readonly password: string;
}

/** The address of the live page with a token to watch; the bare address when none could be had. */
export async function livePageLink(apiUrl: string, operator: Operator): Promise<string> {
  const deadline = performance.now() + LINK_MS_MAX;
  for (;;) {
    try {
      return await signedLink(apiUrl, operator);
    } catch {
      // The page then asks for a log-in; that is no reason to stop a city.
      if (performance.now() > deadline) return `${apiUrl}/`;
    }
    await delay(LINK_RETRY_MS);
  }
}

async function signedLink(apiUrl: string, operator: Operator): Promise<string> {
  const session = (await post(`${apiUrl}/api/v1/auth/login`, operator)) as Session;
  const token = session.tokens.accessToken;
  const link = (await post(`${apiUrl}/api/v1/ops/view-link`, {}, token)) as ViewLink;
  return `${apiUrl}/#token=${link.token}`;
}

async function post(url: string, body: object, token?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LOGIN_MS),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
