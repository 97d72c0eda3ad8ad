/** Accounts of people and programs: registration, log-in, refresh, API keys. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  ACCOUNT_ID,
  API_KEY_ID,
  DRIVER_ID,
  EMAIL,
  EMPTY,
  NAME,
  PASSWORD,
  PHONE,
  TIME,
  TIME_OR_NULL,
  USER_ID,
} from './common.ts';

export const ROLES = ['customer', 'vendor', 'driver', 'ops'] as const;
export type Role = (typeof ROLES)[number];

/** What a key may be allowed; a route names at most one of them. */
export const API_KEY_SCOPES = [
  'deliveries:read',
  'deliveries:write',
  'orders:read',
  'orders:write',
  'catalog:read',
  'catalog:write',
  'inventory:read',
  'inventory:write',
  'kitchen:read',
  'kitchen:write',
  'vendors:read',
  'vendors:write',
  'webhooks:read',
  'webhooks:write',
] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** What a person may do within the account of a vendor or of the operator. */
export const MEMBER_ROLES = ['owner', 'manager', 'staff'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export const USER = {
  title: 'User',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'role',
    'member',
    'account',
    'email',
    'emailVerified',
    'name',
    'phone',
    'phoneVerified',
    'driver',
    'createdAt',
  ],
  properties: {
    id: USER_ID,
    role: { type: 'string', enum: ROLES },
    member: {
      type: ['string', 'null'],
      enum: [...MEMBER_ROLES, null],
      description: 'Of people of a vendor or of the operator.',
    },
    account: ACCOUNT_ID,
    email: { type: 'string' },
    emailVerified: { type: 'boolean' },
    name: { type: 'string' },
    phone: { type: ['string', 'null'] },
    phoneVerified: { type: 'boolean' },
    driver: { anyOf: [DRIVER_ID, { type: 'null' }] },
    createdAt: TIME,
  },
} as const;
export type User = FromSchema<typeof USER>;

export const TOKENS = {
  title: 'Tokens',
  description:
    'The access token is a bearer JWT. The refresh token works once: each refresh gives a new one, ' +
    'and using an old one again ends the whole family.',
  type: 'object',
  additionalProperties: false,
  required: ['accessToken', 'refreshToken', 'expiresInSeconds'],
  properties: {
    accessToken: { type: 'string' },
    refreshToken: { type: 'string' },
    expiresInSeconds: { type: 'integer' },
  },
} as const;
export type Tokens = FromSchema<typeof TOKENS>;

export const SESSION = {
  title: 'Session',
  type: 'object',
  additionalProperties: false,
  required: ['user', 'tokens'],
  properties: { user: USER, tokens: TOKENS },
} as const;
export type Session = FromSchema<typeof SESSION>;

export const REGISTER = {
  title: 'Register',
  description: 'A vendor gets an account of its own; a customer belongs to the installation.',
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password', 'name'],
  properties: {
    email: EMAIL,
    password: PASSWORD,
    name: NAME,
    phone: PHONE,
    role: { type: 'string', enum: ['customer', 'vendor'], default: 'customer' },
  },
} as const;
export type Register = FromSchema<typeof REGISTER>;

export const LOGIN = {
  title: 'Login',
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: { email: EMAIL, password: { type: 'string', minLength: 1, maxLength: 200 } },
} as const;
export type Login = FromSchema<typeof LOGIN>;

export const REFRESH = {
  title: 'Refresh',
  type: 'object',
  additionalProperties: false,
  required: ['refreshToken'],
  properties: { refreshToken: { type: 'string', minLength: 20, maxLength: 200 } },
} as const;
export type Refresh = FromSchema<typeof REFRESH>;

export const ME = EMPTY;

export const API_KEY = {
  title: 'ApiKey',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'account',
    'name',
    'scopes',
    'createdAt',
    'expiresAt',
    'rotatedAt',
    'lastUsedAt',
    'revokedAt',
  ],
  properties: {
    id: API_KEY_ID,
    account: ACCOUNT_ID,
    name: { type: 'string' },
    scopes: { type: 'array', items: { type: 'string', enum: API_KEY_SCOPES } },
    createdAt: TIME,
    expiresAt: TIME_OR_NULL,
    rotatedAt: TIME_OR_NULL,
    lastUsedAt: { ...TIME_OR_NULL, description: 'To the minute.' },
    revokedAt: TIME_OR_NULL,
  },
} as const;
export type ApiKey = FromSchema<typeof API_KEY>;

export const API_KEY_CREATE = {
  title: 'ApiKeyCreate',
  description: 'A vendor makes keys for its own account; ops names the account.',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'scopes'],
  properties: {
    name: NAME,
    account: ACCOUNT_ID,
    scopes: {
      type: 'array',
      minItems: 1,
      maxItems: API_KEY_SCOPES.length,
      uniqueItems: true,
      items: { type: 'string', enum: API_KEY_SCOPES },
    },
    expiresAt: { ...TIME, description: 'Left out: never.' },
  },
} as const;
export type ApiKeyCreate = FromSchema<typeof API_KEY_CREATE>;

export const API_KEY_CREATED = {
  title: 'ApiKeyCreated',
  description: '`secret` is shown once; send it as `Authorization: Bearer wgl_…`.',
  type: 'object',
  additionalProperties: false,
  required: ['key', 'secret'],
  properties: { key: API_KEY, secret: { type: 'string' } },
} as const;
export type ApiKeyCreated = FromSchema<typeof API_KEY_CREATED>;

export const API_KEY_LIST = {
  title: 'ApiKeyList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: API_KEY } },
} as const;
export type ApiKeyList = FromSchema<typeof API_KEY_LIST>;

export const API_KEY_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: API_KEY_ID },
} as const;
export type ApiKeyRef = FromSchema<typeof API_KEY_REF>;

/** Wall seconds the old secret of a rotated key goes on working when nothing is said; at most. */
export const ROTATION_GRACE_DEFAULT_SECONDS = 86_400;
export const ROTATION_GRACE_MAX_SECONDS = 7 * 86_400;

export const API_KEY_ROTATE = {
  title: 'ApiKeyRotate',
  description:
    'A new secret for the same key. The old one goes on working for `graceSeconds`; a rotation ' +
    'before then ends the one before at once.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: API_KEY_ID,
    graceSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: ROTATION_GRACE_MAX_SECONDS,
      default: ROTATION_GRACE_DEFAULT_SECONDS,
    },
  },
} as const;
export type ApiKeyRotate = FromSchema<typeof API_KEY_ROTATE>;

export const VIEW_LINK = {
  title: 'ViewLink',
  description: 'A link to the live page. Its token can watch and nothing else.',
  type: 'object',
  additionalProperties: false,
  required: ['url', 'token', 'expiresInSeconds'],
  properties: {
    url: { type: 'string' },
    token: { type: 'string' },
    expiresInSeconds: { type: 'integer' },
  },
} as const;
export type ViewLink = FromSchema<typeof VIEW_LINK>;
