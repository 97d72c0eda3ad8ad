/** Option groups: choices that products of one menu share. */
import { OPTION_GROUPS_MAX, type Option, type OptionGroup } from '../../contracts/api/catalog.ts';
import type {
  CatalogListQuery,
  OptionGroupChange,
  OptionGroupCreate,
  OptionGroupList,
  OptionGroupRef,
} from '../../contracts/api/catalog-editing.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { changeMenu, checkRoom, ownPart, partUnderLock } from './changing.ts';
import { type CatalogDeps, ownMenu } from './menus.ts';
import * as queries from './queries.ts';
import { type OptionGroupRow, optionGroupView } from './rows.ts';
import { optionGroupProblems } from './rules.ts';

export async function createOptionGroup(
  deps: CatalogDeps,
  params: OptionGroupCreate,
  call: Call,
): Promise<OptionGroup> {
  const { answer } = await changeMenu(
    deps,
    params.vendor,
    call,
    async (trx, { vendor }) => {
      const count = await queries.countOptionGroups(trx, vendor);
      checkRoom(count + 1, OPTION_GROUPS_MAX, 'option groups');
      const required = params.required ?? false;
      const row: OptionGroupRow = {
        id: newId('optionGroup'),
        vendor,
        name: params.name,
        min: params.min ?? (required ? 1 : 0),
        max: params.max ?? params.options.length,
        required,
        options: optionsOf(params.options, []),
        version: 1,
      };
      checkGroup(row);
      await queries.putOptionGroups(trx, [row]);
      return { answer: optionGroupView(row) };
    },
    ['option group', params],
  );
  return answer;
}

export async function listOptionGroups(
  deps: CatalogDeps,
  params: CatalogListQuery,
  call: Call,
): Promise<OptionGroupList> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const page = { vendor, after, limit: limit + 1 };
  const { rows, next } = pageOf(
    await queries.listParts(deps.database.knex, 'option_groups', page),
    limit,
  );
  return { items: rows.map(optionGroupView), next };
}

export async function changeOptionGroup(
  deps: CatalogDeps,
  params: OptionGroupChange,
  call: Call,
): Promise<OptionGroup> {
  const { vendor } = await ownPart(deps, 'option_groups', params.id, call);
  const { answer } = await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'option_groups', params);
    const changed: OptionGroupRow = {
      ...row,
      name: params.name ?? row.name,
      min: params.min ?? row.min,
      max: params.max ?? row.max,
      required: params.required ?? row.required,
      options: params.options === undefined ? row.options : optionsOf(params.options, row.options),
      version: row.version + 1,
    };
    checkGroup(changed);
    await queries.putOptionGroups(trx, [changed]);
    return { answer: optionGroupView(changed) };
  });
  return answer;
}

/** The group goes from every product that names it. */
export async function removeOptionGroup(
  deps: CatalogDeps,
  params: OptionGroupRef,
  call: Call,
): Promise<void> {
  const { vendor } = await ownPart(deps, 'option_groups', params.id, call);
  await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'option_groups', params);
    await queries.markRemoved(trx, 'option_groups', row.id);
    return {
      answer: undefined,
      changed: await queries.clearOptionGroup(trx, row.vendor, row.id),
    };
  });
}

/** Options as they are stored: those that go on keep their id, the others get one. */
function optionsOf(
  given: OptionGroupCreate['options'],
  before: readonly Option[],
): readonly Option[] {
  const known = new Set(before.map(({ id }) => id));
  return given.map(({ id, name, priceMinor, active = true }, index) => {
    if (id !== undefined && !known.has(id)) {
      const expected = 'an option this group has, or none for a new one';
      throw new WaggleError('request.invalid', undefined, [
        { field: `/options/${index}/id`, expected },
      ]);
    }
    return { id: id ?? newId('option'), name, priceMinor, active };
  });
}

function checkGroup(row: OptionGroupRow): void {
  const problems = optionGroupProblems(row);
  if (problems.length > 0) throw new WaggleError('request.invalid', undefined, problems);
}
