/** The gateway as a service of a Waggle process: starts and stops one Gateway with its configuration. */
import type { ServiceSchema } from 'moleculer';
import { type LiveTokens, startLiveTokens } from '../../platform/auth/ended-sessions.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { Gateway } from './gateway.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, metrics, addCheck } = context;
  let gateway: Gateway | null = null;
  let tokens: LiveTokens | null = null;
  addCheck('gateway.port', () => {
    if (!gateway?.port) throw new Error('the gateway does not listen yet');
  });
  return {
    name: 'gateway',
    async started() {
      const door = await context.door();
      tokens = startLiveTokens(context, 'gateway');
      const started = new Gateway({
        name: config.node.name,
        host: config.node.host,
        port: config.gateway.port,
        door,
        verifyToken: tokens.verifyToken,
        socketsMax: config.gateway.socketsMax,
        socketBytesMax: config.gateway.socketBytesMax,
        messagesPerSecond: config.gateway.messagesPerSecond,
        flushMs: config.gateway.flushMs,
        appMin: config.gateway.appMin,
        registry: metrics,
        warn: (fields, text) => log.warn(fields, text),
      });
      await started.start();
      gateway = started;
      log.info({ port: started.port }, 'gateway listens');
    },
    async stopped() {
      await gateway?.stop();
      await tokens?.stop();
      gateway = null;
      tokens = null;
    },
  };
}
