/** Actions on what a person keeps here: addresses, profile, proofs, members, the way out. */
import type { ActionSchema } from 'moleculer';
import * as places from '../../contracts/api/addresses.ts';
import { EMPTY } from '../../contracts/api/common.ts';
import * as people from '../../contracts/api/people.ts';
import type { User } from '../../contracts/api/users.ts';
import type { MessageContent } from '../../contracts/messages/notifications.ts';
import type { createActionBuilder } from '../../platform/service.ts';
import * as addresses from './addresses.ts';
import { exportMe } from './exporting.ts';
import * as members from './members.ts';
import * as profile from './profile.ts';
import * as proofs from './proofs.ts';
import type { UsersDeps } from './sessions.ts';

type ActionBuilder = ReturnType<typeof createActionBuilder>;
type Actions = Record<string, ActionSchema>;

export function addressActions(action: ActionBuilder, { database }: UsersDeps): Actions {
  return {
    createAddress: action<places.AddressCreate, places.Address>({
      params: places.ADDRESS_CREATE,
      handler: (params, call) => addresses.createAddress(database, params, call),
    }),
    listAddresses: action<object, places.AddressList>({
      params: EMPTY,
      handler: (_params, call) => addresses.listAddresses(database, call),
    }),
    address: action<places.AddressRef, places.Address>({
      params: places.ADDRESS_REF,
      handler: (params, call) => addresses.getAddress(database, params.id, call),
    }),
    changeAddress: action<places.AddressChange, places.Address>({
      params: places.ADDRESS_CHANGE,
      handler: (params, call) => addresses.changeAddress(database, params, call),
    }),
    deleteAddress: action<places.AddressRef, void>({
      params: places.ADDRESS_REF,
      handler: (params, call) => addresses.deleteAddress(database, params.id, call),
    }),
  };
}

export function personActions(action: ActionBuilder, deps: UsersDeps): Actions {
  return {
    changeMe: action<people.MeChange, User>({
      params: people.ME_CHANGE,
      handler: (params, call) => profile.changeMe(deps, params, call),
    }),
    changePassword: action<people.PasswordChange, void>({
      params: people.PASSWORD_CHANGE,
      handler: (params, call) => profile.changePassword(deps, params, call),
    }),
    logoutEverywhere: action<object, void>({
      params: EMPTY,
      handler: (_params, call) => profile.logoutEverywhere(deps, call),
    }),
    forgotten: action<people.PasswordForgotten, void>({
      params: people.PASSWORD_FORGOTTEN,
      handler: (params, call) => proofs.forgotten(deps, params, call),
    }),
    resetPassword: action<people.PasswordReset, void>({
      params: people.PASSWORD_RESET,
      handler: (params, call) => proofs.resetPassword(deps, params, call),
    }),
    startVerification: action<people.VerificationStart, void>({
      params: people.VERIFICATION_START,
      handler: (params, call) => proofs.startVerification(deps, params, call),
    }),
    confirmVerification: action<people.VerificationConfirm, User>({
      params: people.VERIFICATION_CONFIRM,
      handler: (params, call) => proofs.confirmVerification(deps, params, call),
    }),
    message: action<{ id: string }, MessageContent>({
      params: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      handler: (params, call) => proofs.messageContent(deps, params, call),
    }),
    exportMe: action<object, people.AccountExport>({
      params: EMPTY,
      handler: (_params, call) => exportMe(deps, call),
    }),
    deleteMe: action<people.AccountDeletion, void>({
      params: people.ACCOUNT_DELETION,
      handler: (params, call) => profile.deleteMe(deps, params, call),
    }),
  };
}

export function memberActions(action: ActionBuilder, deps: UsersDeps): Actions {
  return {
    inviteMember: action<people.MemberInvite, User>({
      params: people.MEMBER_INVITE,
      handler: (params, call) => members.invite(deps, params, call),
    }),
    listMembers: action<people.MemberQuery, people.MemberList>({
      params: people.MEMBER_QUERY,
      handler: (params, call) => members.list(deps, params, call),
    }),
    changeMember: action<people.MemberChange, User>({
      params: people.MEMBER_CHANGE,
      handler: (params, call) => members.change(deps, params, call),
    }),
    removeMember: action<people.MemberRef, void>({
      params: people.MEMBER_REF,
      handler: (params, call) => members.remove(deps, params.id, call),
    }),
  };
}
