/** Bringing a menu as CSV and taking it away as such. All lines or none, and a word on every bad one. */

import type { MenuRef } from '../../contracts/api/catalog.ts';
import type { MenuExport, MenuImport, MenuImported } from '../../contracts/api/catalog-import.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { Call } from '../../platform/service.ts';
import { changeMenu } from './changing.ts';
import { type MenuFile, readMenu, writeMenu } from './csv-menu.ts';
import type { LineProblem } from './csv-text.ts';
import { type ImportPlan, lineOf, planImport } from './import-plan.ts';
import { type CatalogDeps, ownMenu } from './menus.ts';
import * as queries from './queries.ts';

/** Imports a file, or says with `dryRun` what an import would do and what is in its way. */
export async function importMenu(
  deps: CatalogDeps,
  params: MenuImport,
  call: Call,
): Promise<MenuImported> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  const file = readMenu(params.csv);
  if (params.dryRun === true) {
    const plan = planImport(vendor, await queries.partsOf(deps.database.knex, vendor), file.lines);
    return { ...reportOf(file, plan), dryRun: true };
  }
  if (file.problems.length > 0) {
    // The whole report: also what the menu itself has against the lines that can be read.
    const parts = await queries.partsOf(deps.database.knex, vendor);
    refuse(problemsOf(file, planImport(vendor, parts, file.lines)));
  }
  const { answer, version } = await changeMenu(deps, vendor, call, async (trx) => {
    const plan = planImport(vendor, await queries.partsOf(trx, vendor), file.lines);
    if (plan.problems.length > 0) refuse(problemsOf(file, plan));
    await queries.putCategories(trx, plan.categories);
    await queries.putProducts(trx, plan.products);
    const changed = plan.products.map(({ id }) => id);
    return { answer: reportOf(file, plan), changed, isSame: changed.length === 0 };
  });
  return { ...answer, version };
}

function problemsOf(file: MenuFile, plan: ImportPlan): LineProblem[] {
  return [...file.problems, ...plan.problems].sort((a, b) => a.line - b.line);
}

function reportOf(file: MenuFile, plan: ImportPlan): MenuImported {
  const { created, changed, unchanged, categories } = plan;
  return {
    dryRun: false,
    ...{ created, changed, unchanged },
    categories: categories.length,
    problems: problemsOf(file, plan),
    version: null,
  };
}

/** As fields of the text that was sent: `/csv/12/price_minor` is a cell of line 12. */
function refuse(problems: readonly LineProblem[]): never {
  const lines = new Set(problems.map(({ line }) => line)).size;
  throw new WaggleError(
    'request.invalid',
    `${lines} ${lines === 1 ? 'line is' : 'lines are'} bad; nothing was imported`,
    problems.map(({ line, column, expected }) => {
      const name = column?.replaceAll('~', '~0').replaceAll('/', '~1');
      return { field: `/csv/${line}${name === undefined ? '' : `/${name}`}`, expected };
    }),
  );
}

/** Every product that has a sku, inactive ones too; the answer counts the others. */
export async function exportMenu(
  deps: CatalogDeps,
  params: MenuRef,
  call: Call,
): Promise<MenuExport> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  const parts = await queries.partsOf(deps.database.knex, vendor);
  const kept = parts.products.filter(({ sku }) => sku !== null);
  const lines = kept.map((row) => lineOf(row, parts));
  const withoutSku = parts.products.length - kept.length;
  return { csv: writeMenu(lines), products: lines.length, withoutSku };
}
