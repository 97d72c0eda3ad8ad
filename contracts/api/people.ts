/** What a person may do with their own account: profile, password, proofs, export, deletion; members. */
import type { FromSchema } from 'json-schema-to-ts';
import { ADDRESS } from './addresses.ts';
import { EMAIL, NAME, NEXT, PAGE_QUERY, PASSWORD, PHONE, TIME, USER_ID } from './common.ts';
import { API_KEY, MEMBER_ROLES, USER } from './users.ts';

/** A password that is only compared: it may be as short as an old rule allowed. */
const KNOWN_PASSWORD = { type: 'string', minLength: 1, maxLength: 200 } as const;

export const ME_CHANGE = {
  title: 'MeChange',
  description:
    'A new e-mail address needs `currentPassword` and counts as unverified; the old address is told.',
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    name: NAME,
    phone: { anyOf: [PHONE, { type: 'null' }] },
    email: EMAIL,
    currentPassword: KNOWN_PASSWORD,
  },
} as const;
export type MeChange = FromSchema<typeof ME_CHANGE>;

export const PASSWORD_CHANGE = {
  title: 'PasswordChange',
  description: 'Ends every other session.',
  type: 'object',
  additionalProperties: false,
  required: ['currentPassword', 'newPassword'],
  properties: { currentPassword: KNOWN_PASSWORD, newPassword: PASSWORD },
} as const;
export type PasswordChange = FromSchema<typeof PASSWORD_CHANGE>;

export const PASSWORD_FORGOTTEN = {
  title: 'PasswordForgotten',
  description: 'The answer is the same whether the address is known or not.',
  type: 'object',
  additionalProperties: false,
  required: ['email'],
  properties: { email: EMAIL },
} as const;
export type PasswordForgotten = FromSchema<typeof PASSWORD_FORGOTTEN>;

export const PASSWORD_RESET = {
  title: 'PasswordReset',
  description: 'With the token that was sent; it works once. Ends every session.',
  type: 'object',
  additionalProperties: false,
  required: ['token', 'password'],
  properties: { token: { type: 'string', minLength: 20, maxLength: 200 }, password: PASSWORD },
} as const;
export type PasswordReset = FromSchema<typeof PASSWORD_RESET>;

export const CHANNELS = ['email', 'phone'] as const;
const CHANNEL = { type: 'string', enum: CHANNELS } as const;

export const VERIFICATION_START = {
  title: 'VerificationStart',
  description: 'Sends a code of six digits to the address or number of the profile.',
  type: 'object',
  additionalProperties: false,
  required: ['channel'],
  properties: { channel: CHANNEL },
} as const;
export type VerificationStart = FromSchema<typeof VERIFICATION_START>;

export const VERIFICATION_CONFIRM = {
  title: 'VerificationConfirm',
  type: 'object',
  additionalProperties: false,
  required: ['channel', 'code'],
  properties: { channel: CHANNEL, code: { type: 'string', pattern: '^[0-9]{6}$' } },
} as const;
export type VerificationConfirm = FromSchema<typeof VERIFICATION_CONFIRM>;

export const ACCOUNT_EXPORT = {
  title: 'AccountExport',
  description:
    'Everything users knows of the person, and what other services show them, by part. `missing` ' +
    'names parts that did not answer, `cut` those of which there is more than fits.',
  type: 'object',
  additionalProperties: false,
  required: ['takenAt', 'user', 'addresses', 'sessions', 'apiKeys', 'parts', 'missing', 'cut'],
  properties: {
    takenAt: TIME,
    user: USER,
    addresses: { type: 'array', items: ADDRESS },
    sessions: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['since', 'lastRefreshAt', 'expiresAt'],
        properties: { since: TIME, lastRefreshAt: TIME, expiresAt: TIME },
      },
    },
    apiKeys: { type: 'array', items: API_KEY },
    parts: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'object' } },
    },
    missing: { type: 'array', items: { type: 'string' } },
    cut: { type: 'array', items: { type: 'string' } },
  },
} as const;
export type AccountExport = FromSchema<typeof ACCOUNT_EXPORT>;

export const ACCOUNT_DELETION = {
  title: 'AccountDeletion',
  description: 'There is no way back. The last owner of an account with members cannot leave.',
  type: 'object',
  additionalProperties: false,
  required: ['password'],
  properties: { password: KNOWN_PASSWORD },
} as const;
export type AccountDeletion = FromSchema<typeof ACCOUNT_DELETION>;

const MEMBER_ROLE = { type: 'string', enum: MEMBER_ROLES } as const;

export const MEMBER_INVITE = {
  title: 'MemberInvite',
  description: 'They get a message with a token to set a password.',
  type: 'object',
  additionalProperties: false,
  required: ['email', 'name', 'member'],
  properties: { email: EMAIL, name: NAME, member: MEMBER_ROLE },
} as const;
export type MemberInvite = FromSchema<typeof MEMBER_INVITE>;

export const MEMBER_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { ...PAGE_QUERY },
} as const;
export type MemberQuery = FromSchema<typeof MEMBER_QUERY>;

export const MEMBER_LIST = {
  title: 'MemberList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: USER }, next: NEXT },
} as const;
export type MemberList = FromSchema<typeof MEMBER_LIST>;

export const MEMBER_CHANGE = {
  title: 'MemberChange',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'member'],
  properties: { id: USER_ID, member: MEMBER_ROLE },
} as const;
export type MemberChange = FromSchema<typeof MEMBER_CHANGE>;

export const MEMBER_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: USER_ID },
} as const;
export type MemberRef = FromSchema<typeof MEMBER_REF>;
