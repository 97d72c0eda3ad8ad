/** People and programs that use the installation, and their tokens. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/users.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { accountActions } from './account-actions.ts';
import * as apiKeys from './api-keys.ts';
import { createFailureGuard } from './failure-guard.ts';
import { createPasswords } from './passwords.ts';
import { purgeRefreshTokens } from './queries.ts';
import * as sessions from './sessions.ts';

const PURGE_EVERY_MS = 600_000;

export function createService({ config, log, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('users', config.database.users);
  const deps: sessions.UsersDeps = {
    database,
    signer: createTokens(config.auth),
    guard: createFailureGuard(),
    passwords: createPasswords(),
    accessTokenMs: config.auth.accessTokenMs,
    refreshTokenMs: config.auth.refreshTokenMs,
    publicUrl: config.api.publicUrl,
  };
  const action = createActionBuilder({ log });
  let purge: Pump | undefined;
  addCheck('users.database', () => database.ping());
  return {
    name: 'users',
    actions: {
      ...accountActions(action, database),
      register: action<schemas.Register, schemas.Session>({
        params: schemas.REGISTER,
        handler: (params, call) => sessions.register(deps, params, call),
      }),
      enrol: action<sessions.Enrol, schemas.Session>({
        params: sessions.ENROL,
        handler: (params, call) => sessions.enrol(deps, params, call),
      }),
      login: action<schemas.Login, schemas.Session>({
        params: schemas.LOGIN,
        handler: (params, call) => sessions.login(deps, params, call),
      }),
      refresh: action<schemas.Refresh, schemas.Tokens>({
        params: schemas.REFRESH,
        handler: (params, call) => sessions.refresh(deps, params, call),
      }),
      logout: action<schemas.Refresh, void>({
        params: schemas.REFRESH,
        handler: (params) => sessions.logout(deps, params),
      }),
      me: action<object, schemas.User>({
        params: EMPTY,
        handler: (_params, call) => sessions.me(deps, call),
      }),
      viewLink: action<object, schemas.ViewLink>({
        params: EMPTY,
        handler: (_params, call) => sessions.viewLink(deps, call),
      }),
      createApiKey: action<schemas.ApiKeyCreate, schemas.ApiKeyCreated>({
        params: schemas.API_KEY_CREATE,
        handler: (params, call) => apiKeys.createApiKey(database, params, call),
      }),
      listApiKeys: action<object, schemas.ApiKeyList>({
        params: EMPTY,
        handler: (_params, call) => apiKeys.listApiKeys(database, call),
      }),
      revokeApiKey: action<schemas.ApiKeyRef, void>({
        params: schemas.API_KEY_REF,
        handler: (params, call) => apiKeys.revokeApiKey(database, params.id, call),
      }),
      verifyApiKey: action({
        params: apiKeys.API_KEY_SECRET,
        handler: (params: { secret: string }, call) => apiKeys.verifyApiKey(database, params, call),
      }),
    },
    async started() {
      if (config.auth.operator !== undefined) {
        await sessions.ensureOperator(deps, config.auth.operator);
      }
      purge = startPump({
        work: async () => {
          await purgeRefreshTokens(database.knex);
          return false;
        },
        pollMs: PURGE_EVERY_MS,
        backOffMs: [1_000, PURGE_EVERY_MS],
        onError: (error) => log.warn({ err: error }, 'expired refresh tokens could not be removed'),
      });
    },
    async stopped() {
      await purge?.stop();
      await database.close();
    },
  };
}
