/** The actions of earnings, shifts and papers: each validates and calls one function. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as earningSchemas from '../../contracts/api/driver-earnings.ts';
import * as paperSchemas from '../../contracts/api/driver-papers.ts';
import * as shiftSchemas from '../../contracts/api/driver-shifts.ts';
import { DRIVER_REF, type DriverRef } from '../../contracts/api/drivers.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import * as earnings from './earnings.ts';
import * as papers from './papers.ts';
import * as shifts from './shifts.ts';

type Actions = NonNullable<ServiceSchema['actions']>;

export function earningActions({ log }: ServiceContext, deps: earnings.EarningDeps): Actions {
  const action = createActionBuilder({ log });
  return {
    myEarnings: action<earningSchemas.EarningQuery, earningSchemas.EarningList>({
      params: earningSchemas.EARNING_QUERY,
      handler: (params, call) => earnings.list(deps, earnings.driverOf(call), params),
    }),
    myEarningSums: action<earningSchemas.EarningSumsQuery, earningSchemas.EarningSums>({
      params: earningSchemas.EARNING_SUMS_QUERY,
      handler: (params, call) => earnings.sums(deps, earnings.driverOf(call), params),
    }),
    myStatistics: action<earningSchemas.StatisticsQuery, earningSchemas.Statistics>({
      params: earningSchemas.STATISTICS_QUERY,
      handler: (params, call) => earnings.statistics(deps, earnings.driverOf(call), params),
    }),
    earnings: action<earningSchemas.EarningQueryOf, earningSchemas.EarningList>({
      params: earningSchemas.EARNING_QUERY_OF,
      handler: ({ id, ...params }) => earnings.list(deps, id, params),
    }),
    adjustEarnings: action<earningSchemas.EarningAdjust, earningSchemas.Earning>({
      params: earningSchemas.EARNING_ADJUST,
      handler: (params, call) => earnings.adjust(deps, params, call),
    }),
    earningSums: action<earningSchemas.EarningSumsQueryOf, earningSchemas.EarningSums>({
      params: earningSchemas.EARNING_SUMS_QUERY_OF,
      handler: ({ id, ...params }) => earnings.sums(deps, id, params),
    }),
    statistics: action<earningSchemas.StatisticsQueryOf, earningSchemas.Statistics>({
      params: earningSchemas.STATISTICS_QUERY_OF,
      handler: ({ id, ...params }) => earnings.statistics(deps, id, params),
    }),
  };
}

export function shiftActions({ log }: ServiceContext, deps: shifts.ShiftDeps): Actions {
  const action = createActionBuilder({ log });
  return {
    planShifts: action<shiftSchemas.ShiftPlan, shiftSchemas.ShiftsPlanned>({
      params: shiftSchemas.SHIFT_PLAN,
      handler: (params, call) => shifts.plan(deps, params, call),
    }),
    shifts: action<shiftSchemas.ShiftQuery, shiftSchemas.ShiftList>({
      params: shiftSchemas.SHIFT_QUERY,
      handler: (params, call) => shifts.list(deps, params, call),
    }),
    shift: action<shiftSchemas.ShiftRef, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_REF,
      handler: (params, call) => shifts.get(deps, params, call),
    }),
    takeShift: action<shiftSchemas.ShiftRef, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_REF,
      handler: (params, call) => shifts.take(deps, params, call),
    }),
    offerShift: action<shiftSchemas.ShiftOffer, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_OFFER,
      handler: (params, call) => shifts.offer(deps, params, call),
    }),
    decideSwap: action<shiftSchemas.ShiftSwap, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_SWAP,
      handler: (params, call) => shifts.decideSwap(deps, params, call),
    }),
    assignShift: action<shiftSchemas.ShiftAssign, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_ASSIGN,
      handler: (params, call) => shifts.assign(deps, params, call),
    }),
    cancelShift: action<shiftSchemas.ShiftRef, shiftSchemas.Shift>({
      params: shiftSchemas.SHIFT_REF,
      handler: (params, call) => shifts.cancel(deps, params, call),
    }),
    shiftRules: action<shiftSchemas.ShiftRulesRef, shiftSchemas.ShiftRules>({
      params: shiftSchemas.SHIFT_RULES_REF,
      handler: (params) => shifts.rules(deps, params),
    }),
    setShiftRules: action<shiftSchemas.ShiftRules, shiftSchemas.ShiftRules>({
      params: shiftSchemas.SHIFT_RULES,
      handler: (params, call) => shifts.setRules(deps, params, call),
    }),
  };
}

export function paperActions({ log }: ServiceContext, deps: papers.PaperDeps): Actions {
  const action = createActionBuilder({ log });
  return {
    myStanding: action<object, paperSchemas.Standing>({
      params: EMPTY,
      handler: (_params, call) => papers.standing(deps, earnings.driverOf(call)),
    }),
    standing: action<DriverRef, paperSchemas.Standing>({
      params: DRIVER_REF,
      handler: ({ id }) => papers.standing(deps, id),
    }),
    addPaper: action<paperSchemas.PaperAdd, paperSchemas.PaperAdded>({
      params: paperSchemas.PAPER_ADD,
      handler: (params, call) => papers.add(deps, params, call),
    }),
    paperArrived: action<{ readonly id: string; readonly file: string }, void>({
      params: papers.PAPER_ARRIVED,
      handler: (params, call) => papers.arrived(deps, params, call),
    }),
    deletePaper: action<paperSchemas.PaperRef, void>({
      params: paperSchemas.PAPER_REF,
      handler: (params, call) => papers.remove(deps, params, call),
    }),
    papers: action<paperSchemas.PaperQuery, paperSchemas.PaperList>({
      params: paperSchemas.PAPER_QUERY,
      handler: (params) => papers.list(deps, params),
    }),
    reviewPaper: action<paperSchemas.PaperReview, paperSchemas.Paper>({
      params: paperSchemas.PAPER_REVIEW,
      handler: (params, call) => papers.review(deps, params, call),
    }),
    startBackground: action<DriverRef, paperSchemas.Background>({
      params: DRIVER_REF,
      handler: ({ id }, call) => papers.startBackground(deps, id, call),
    }),
    setBackground: action<paperSchemas.BackgroundSet, paperSchemas.Background>({
      params: paperSchemas.BACKGROUND_SET,
      handler: (params, call) => papers.setBackground(deps, params, call),
    }),
    policy: action<paperSchemas.DriverPolicyRef, paperSchemas.DriverPolicy>({
      params: paperSchemas.DRIVER_POLICY_REF,
      handler: (params) => papers.policy(deps, params),
    }),
    setPolicy: action<paperSchemas.DriverPolicy, paperSchemas.DriverPolicy>({
      params: paperSchemas.DRIVER_POLICY,
      handler: (params, call) => papers.setPolicy(deps, params, call),
    }),
  };
}
