/** Routes of proofs of delivery. */
import * as proofs from './proofs.ts';
import { ANYONE, OPS, type Route } from './route.ts';

export const PROOF_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/deliveries/{id}/proofs',
    action: 'deliveries.addProof',
    summary: 'Show a proof: PIN, photo, signature or age, by the driver who has the delivery',
    roles: ['driver'],
    params: proofs.PROOF_ADD,
    status: 201,
    result: proofs.PROOF_ADDED,
  },
  {
    method: 'GET',
    path: '/deliveries/{id}/proofs',
    action: 'deliveries.proofs',
    summary: 'What proof a delivery asks for, and what was shown',
    roles: ANYONE,
    scope: 'deliveries:read',
    params: proofs.PROOF_REF,
    status: 200,
    result: proofs.PROOF_STATE,
  },
  {
    method: 'POST',
    path: '/deliveries/{id}/proofs/unlock',
    action: 'deliveries.unlockPin',
    summary: 'Give the driver new tries for the PIN',
    roles: OPS,
    params: proofs.PROOF_REF,
    status: 200,
    result: proofs.PROOF_STATE,
  },
];
