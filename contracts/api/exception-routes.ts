/** Routes of the exception queue. */
import * as exceptions from './exceptions.ts';
import { OPS, type Route } from './route.ts';

export const EXCEPTION_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/exceptions',
    action: 'deliveries.listExceptions',
    summary: 'Deliveries in trouble, the latest first',
    roles: OPS,
    params: exceptions.EXCEPTION_QUERY,
    status: 200,
    result: exceptions.EXCEPTION_LIST,
    viewable: true,
  },
  {
    method: 'POST',
    path: '/exceptions/{id}/claim',
    action: 'deliveries.claimException',
    summary: 'Make it mine',
    roles: OPS,
    params: exceptions.EXCEPTION_REF,
    status: 200,
    result: exceptions.EXCEPTION,
  },
  {
    method: 'POST',
    path: '/exceptions/{id}/release',
    action: 'deliveries.releaseException',
    summary: 'Make it nobody’s, whosever it was',
    roles: OPS,
    params: exceptions.EXCEPTION_REF,
    status: 200,
    result: exceptions.EXCEPTION,
  },
  {
    method: 'POST',
    path: '/exceptions/{id}/snooze',
    action: 'deliveries.snoozeException',
    summary: 'Put it to sleep for a while',
    roles: OPS,
    params: exceptions.EXCEPTION_SNOOZE,
    status: 200,
    result: exceptions.EXCEPTION,
  },
  {
    method: 'POST',
    path: '/exceptions/{id}/resolve',
    action: 'deliveries.resolveException',
    summary: 'Take it off the queue',
    roles: OPS,
    params: exceptions.EXCEPTION_RESOLVE,
    status: 200,
    result: exceptions.EXCEPTION,
  },
];
