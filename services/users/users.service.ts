/** People and programs that use the installation, and their tokens. */
import type { ActionSchema, ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/users.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLimits } from '../../platform/limits.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startPublishing, startPurging } from '../../platform/service-streams.ts';
import { addressActions, memberActions, personActions } from './account-actions.ts';
import * as apiKeys from './api-keys.ts';
import { purgeMessages } from './message-queries.ts';
import { createMessenger } from './messenger.ts';
import { createPasswords } from './passwords.ts';
import { sendResets } from './proofs.ts';
import { purgeRefreshTokens } from './queries.ts';
import * as sessions from './sessions.ts';

const PURGE_EVERY_MS = 600_000;
const RESETS_EVERY_MS = 1_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, addCheck } = context;
  const database = openDatabase('users', config.database.users);
  const redis = connectRedis(config.redis.url, 'users-limits');
  const running: Part[] = [];
  let resets: Pump | undefined;
  const deps: sessions.UsersDeps = {
    database,
    signer: createTokens(config.auth),
    limits: createLimits({ redis, keyPrefix: config.redis.keyPrefix }),
    messenger: createMessenger(),
    passwords: createPasswords(),
    accessTokenMs: config.auth.accessTokenMs,
    refreshTokenMs: config.auth.refreshTokenMs,
    publicUrl: config.api.publicUrl,
    signUpsPerMinute: config.api.door.signUpsPerMinute,
    pepper: config.auth.keys[0].secret,
    wakeResets: () => resets?.wake(),
  };
  const action = createActionBuilder({ log });
  addCheck('users.database', () => database.ping());
  return {
    name: 'users',
    actions: {
      ...sessionActions(action, deps),
      ...keyActions(action, database),
      ...addressActions(action, deps),
      ...personActions(action, deps),
      ...memberActions(action, deps),
    },
    async started() {
      const { operator } = config.auth;
      if (operator !== undefined) await sessions.ensureOperator(deps, operator);
      resets = startPump({
        work: () => sendResets(deps),
        pollMs: RESETS_EVERY_MS,
        backOffMs: [250, 30_000],
        onError: (err) => log.warn({ err }, 'requests for new passwords wait'),
      });
      running.push(
        resets,
        startPublishing(context, database),
        startPurging(context, database, { inbox: false, idempotency: true }),
        startForgetting(context, database),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      redis.disconnect();
      await database.close();
    },
  };
}

/** Removes what has expired. */
function startForgetting({ log }: ServiceContext, database: Database): Part {
  return startPump({
    work: async () => {
      await purgeRefreshTokens(database.knex);
      await purgeMessages(database.knex);
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'expired tokens and messages could not be removed'),
  });
}

type ActionBuilder = ReturnType<typeof createActionBuilder>;
type Actions = Record<string, ActionSchema>;

function sessionActions(action: ActionBuilder, deps: sessions.UsersDeps): Actions {
  return {
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
      handler: (params, call) => sessions.logout(deps, params, call),
    }),
    me: action<object, schemas.User>({
      params: EMPTY,
      handler: (_params, call) => sessions.me(deps, call),
    }),
    viewLink: action<object, schemas.ViewLink>({
      params: EMPTY,
      handler: (_params, call) => sessions.viewLink(deps, call),
    }),
  };
}

function keyActions(action: ActionBuilder, database: Database): Actions {
  return {
    createApiKey: action<schemas.ApiKeyCreate, schemas.ApiKeyCreated>({
      params: schemas.API_KEY_CREATE,
      handler: (params, call) => apiKeys.createApiKey(database, params, call),
    }),
    rotateApiKey: action<schemas.ApiKeyRotate, schemas.ApiKeyCreated>({
      params: schemas.API_KEY_ROTATE,
      handler: (params, call) => apiKeys.rotateApiKey(database, params, call),
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
  };
}
