/** Every stream that services talk by: what they tell and what they ask of each other. */
import { CATALOG_STREAM } from './catalog.ts';
import { DELIVERY_REQUESTS, DELIVERY_STREAM } from './deliveries.ts';
import { DRIVER_WORK_STREAM } from './driver-work.ts';
import { DRIVER_STREAM } from './drivers.ts';
import { INVENTORY_REQUESTS, INVENTORY_STREAM } from './inventory.ts';
import { KITCHEN_REQUESTS, KITCHEN_STREAM } from './kitchen.ts';
import { NOTIFICATION_REQUESTS } from './notifications.ts';
import { ORDER_STREAM } from './orders.ts';
import { PAYMENT_REQUESTS, PAYMENT_STREAM } from './payments.ts';
import { SESSION_STREAM, USER_STREAM } from './users.ts';
import { VENDOR_REQUESTS, VENDOR_STREAM } from './vendors.ts';

export const SERVICE_STREAMS = [
  CATALOG_STREAM,
  DELIVERY_REQUESTS,
  DELIVERY_STREAM,
  DRIVER_STREAM,
  DRIVER_WORK_STREAM,
  INVENTORY_REQUESTS,
  INVENTORY_STREAM,
  KITCHEN_REQUESTS,
  KITCHEN_STREAM,
  NOTIFICATION_REQUESTS,
  ORDER_STREAM,
  PAYMENT_REQUESTS,
  PAYMENT_STREAM,
  SESSION_STREAM,
  USER_STREAM,
  VENDOR_REQUESTS,
  VENDOR_STREAM,
] as const;
export type ServiceStream = (typeof SERVICE_STREAMS)[number];
