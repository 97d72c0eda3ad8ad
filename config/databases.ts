/** Which services have tables of their own, and the variable that moves each to its own database. */
import type { Variable } from './variable.ts';

/** Services with tables of their own; each one's URL may point to its own database. */
export const databaseServices = [
  'users',
  'vendors',
  'catalog',
  'inventory',
  'search',
  'orders',
  'payments',
  'kitchen',
  'drivers',
  'deliveries',
  'webhooks',
  'tracking',
  'zones',
  'archive',
] as const;

export type DatabaseService = (typeof databaseServices)[number];

export const postgresProtocols = ['postgres:', 'postgresql:'];

type OwnDatabases = Readonly<Record<`${Uppercase<DatabaseService>}_DATABASE_URL`, Variable>>;

/** `ORDERS_DATABASE_URL` and so on. */
export const ownDatabases = Object.fromEntries(
  databaseServices.map((service) => [
    `${service.toUpperCase()}_DATABASE_URL`,
    {
      kind: 'url',
      protocols: postgresProtocols,
      default: null,
      description: `Database of the ${service} service, when it is not the common one.`,
    } satisfies Variable,
  ]),
) as unknown as OwnDatabases;
