/** Markets, zones and live controls. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as marketSchemas from '../../contracts/api/markets.ts';
import * as shadowSchemas from '../../contracts/api/shadow.ts';
import * as schemas from '../../contracts/api/zones.ts';
import { openDatabase } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startPurging } from '../../platform/service-streams.ts';
import * as changing from './changing.ts';
import * as markets from './markets.ts';
import { openZones, type SentTimes } from './opening.ts';
import * as shadow from './shadow.ts';
import * as zones from './zones.ts';

const LOOK_MS = 5_000;
const LOOK_WHILE_OPENING_MS = 100;

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log } = context;
  const database = openDatabase('zones', config.database.zones);
  const action = createActionBuilder({ log });
  let opener: Pump | undefined;
  let purging: Part | undefined;
  let again: NodeJS.Timeout | undefined;
  const deps: zones.ZonesDeps = {
    database,
    door: context.door,
    roundMs: config.dispatch.roundMs,
    openWaitMs: config.dispatch.zoneOpenWaitMs,
    wakeOpener: () => opener?.wake(),
  };
  context.addCheck('zones.database', () => database.ping());
  return {
    name: 'zones',
    actions: {
      ...marketActions(context, deps),
      create: action<schemas.ZoneCreate, schemas.Zone>({
        params: schemas.ZONE_CREATE,
        handler: (params, call) => zones.create(deps, params, call),
      }),
      list: action<object, schemas.ZoneList>({
        params: EMPTY,
        handler: () => zones.list(deps),
      }),
      get: action<schemas.ZoneRef, schemas.Zone>({
        params: schemas.ZONE_REF,
        handler: (params) => zones.get(deps, params.id),
      }),
      change: action<schemas.ZoneChange, schemas.Zone>({
        params: schemas.ZONE_CHANGE,
        handler: (params, call) => changing.change(deps, params, call),
      }),
      setShadow: action<shadowSchemas.ShadowSet, shadowSchemas.ShadowView>({
        params: shadowSchemas.SHADOW_SET,
        handler: (params, call) => shadow.setShadow(deps, params, call),
      }),
      clearShadow: action<shadowSchemas.ShadowClear, shadowSchemas.ShadowView>({
        params: shadowSchemas.SHADOW_CLEAR,
        handler: (params, call) => shadow.clearShadow(deps, params, call),
      }),
      getShadow: action<schemas.ZoneRef, shadowSchemas.ShadowView>({
        params: schemas.ZONE_REF,
        handler: (params) => shadow.getShadow(deps, params),
      }),
      control: action<schemas.ControlCreate, zones.OpsAccepted>({
        params: schemas.CONTROL_CREATE,
        handler: (params, call) => zones.control(deps, params, call),
      }),
      redispatch: action<schemas.Redispatch, zones.OpsAccepted>({
        params: schemas.REDISPATCH,
        handler: (params, call) => zones.redispatch(deps, params, call),
      }),
      nodes: action<object, object>({ params: EMPTY, handler: () => zones.nodes(deps) }),
      clock: action<object, schemas.ClockView>({
        params: EMPTY,
        handler: () => zones.clock(deps),
      }),
    },
    async started() {
      purging = startPurging(context, database, { inbox: false, idempotency: true });
      const door = await context.door();
      const sent: SentTimes = new Map();
      opener = startPump({
        work: async () => {
          clearTimeout(again);
          const waiting = await openZones(database, door, sent);
          if (waiting) again = setTimeout(() => opener?.wake(), LOOK_WHILE_OPENING_MS);
          return false;
        },
        pollMs: LOOK_MS,
        backOffMs: [200, LOOK_MS],
        onError: (error) => log.warn({ err: error }, 'zones could not be opened; trying again'),
      });
    },
    async stopped() {
      await Promise.all([opener?.stop(), purging?.stop()]);
      clearTimeout(again);
      await database.close();
    },
  };
}

function marketActions(
  { log }: ServiceContext,
  deps: zones.ZonesDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    createMarket: action<marketSchemas.MarketCreate, marketSchemas.Market>({
      params: marketSchemas.MARKET_CREATE,
      handler: (params, call) => markets.createMarket(deps, params, call),
    }),
    listMarkets: action<object, marketSchemas.MarketList>({
      params: EMPTY,
      handler: () => markets.listMarkets(deps),
    }),
    changeMarket: action<marketSchemas.MarketChange, marketSchemas.Market>({
      params: marketSchemas.MARKET_CHANGE,
      handler: (params) => markets.changeMarket(deps, params),
    }),
  };
}
