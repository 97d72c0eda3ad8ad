/** The actions of proofs, and what forgets them: photos of doors are kept no longer than needed. */
import type { ServiceSchema } from 'moleculer';
import * as schemas from '../../../contracts/api/proofs.ts';
import { createFileLinks } from '../../../platform/files/file-links.ts';
import { openFolderStore } from '../../../platform/files/file-store.ts';
import { startPump } from '../../../platform/pump.ts';
import { createActionBuilder } from '../../../platform/service.ts';
import type { ServiceContext } from '../../../platform/service-context.ts';
import type { Part } from '../../../platform/service-streams.ts';
import { doomedFiles, dropOldProofs, forgetFiles } from './proof-queries.ts';
import * as proofs from './proofs.ts';

/** Zone ms: as long as a customer, a shop or a bank may still ask. */
const KEPT_MS = 120 * 24 * 3_600_000;
const FORGET_BATCH = 200;
const FORGET_EVERY_MS = 30_000;

export function proofDeps(
  { config, door }: ServiceContext,
  { database, pins }: Pick<proofs.ProofDeps, 'database' | 'pins'>,
): proofs.ProofDeps {
  const links = createFileLinks(config.auth.keys, config.api.publicUrl);
  return { database, door, pins, links, files: openFolderStore(config.files.dir) };
}

export function proofActions(
  { log }: ServiceContext,
  deps: proofs.ProofDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    addProof: action<schemas.ProofAdd, schemas.ProofAdded>({
      params: schemas.PROOF_ADD,
      handler: (params, call) => proofs.add(deps, params, call),
    }),
    proofs: action<schemas.ProofRef, schemas.ProofState>({
      params: schemas.PROOF_REF,
      handler: (params, call) => proofs.read(deps, params, call),
    }),
    unlockPin: action<schemas.ProofRef, schemas.ProofState>({
      params: schemas.PROOF_REF,
      handler: (params, call) => proofs.unlockPin(deps, params, call),
    }),
    pin: action<schemas.ProofRef, { readonly pin: string | null }>({
      params: schemas.PROOF_REF,
      handler: (params, call) => proofs.pin(deps, params, call),
    }),
    proofArrived: action<{ readonly id: string; readonly file: string }, void>({
      params: proofs.PROOF_ARRIVED,
      handler: (params, call) => proofs.arrived(deps, params, call),
    }),
  };
}

/** Deletes old proofs and, after their rows, the files: a crash in between leaves nothing behind. */
export function startForgettingProofs(
  { log }: ServiceContext,
  { database, door, files }: proofs.ProofDeps,
): Part {
  return startPump({
    work: async () => {
      const beforeMs = Math.round((await door()).clock.zoneMs()) - KEPT_MS;
      const dropped = await database.transaction((trx) =>
        dropOldProofs(trx, beforeMs, FORGET_BATCH),
      );
      const doomed = await doomedFiles(database.knex, FORGET_BATCH);
      for (const file of doomed) await files.delete(file);
      await forgetFiles(database.knex, doomed);
      return Math.max(dropped, doomed.length) === FORGET_BATCH;
    },
    pollMs: FORGET_EVERY_MS,
    backOffMs: [1_000, FORGET_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old proofs could not be forgotten; trying again'),
  });
}
