/** Domain rejections: a closed union of values, each with words for people. Never thrown. */
export const REFUSALS = {
  duplicate_number: 'this command number was used before',
  number_gap: 'an earlier command has not arrived yet',
  unknown_delivery: 'the zone does not know this delivery',
  unknown_driver: 'the zone does not know this driver',
  unknown_offer: 'there is no such offer for this driver',
  offer_expired: 'the offer has expired',
  offer_withdrawn: 'the offer was withdrawn',
  offer_taken: 'another driver was asked too and accepted first',
  offer_declined: 'the offer was declined before',
  offer_undelivered: 'the offer was never shown to the driver',
  offer_accepted: 'the offer was accepted before',
  past_pickup: 'the parcel has been picked up',
  already_ended: 'the delivery has ended',
  intake_paused: 'the zone takes no new deliveries',
  zone_full: 'the zone is at its capacity',
  zone_unknown: 'the zone is not open',
  not_your_delivery: 'another driver has the parcel',
  not_aboard: 'the parcel is not aboard',
  not_on_duty: 'the driver is not on duty',
  busy: 'the driver still has work',
  profile_missing: 'going on duty needs a vehicle',
  over_capacity: 'the parcels do not fit',
  not_eligible: 'vehicle, skill or fleet do not fit',
  driver_elsewhere: 'the driver belongs to another zone',
  driver_leaving: 'the driver is on its way to another zone',
  wait_running: 'the wait for the customer is not over yet',
  wrong_state: 'not possible in the current state',
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** The kinds of driver deeds, as recorded in events and answers. */
export const DEEDS = [
  'duty',
  'accept',
  'decline',
  'arrived',
  'picked_up',
  'delivered',
  'undeliverable',
  'unreachable',
  'returned',
  'give_back',
] as const;
export type Deed = (typeof DEEDS)[number];
