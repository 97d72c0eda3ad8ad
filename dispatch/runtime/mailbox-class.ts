/** Which commands give way when a mailbox is full: those whose sender keeps them in an outbox. */
import type { ZoneCommand } from '../../contracts/commands.ts';

/** True: refused first, its sender re-sends. False: may use the reserve (drivers, ops, zones). */
export function waitsInOutbox(command: ZoneCommand): boolean {
  return command.type === 'delivery.request';
}
