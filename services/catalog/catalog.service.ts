/** Menus: categories, products, variants, options and their prices. */
import type { ServiceSchema } from 'moleculer';
import * as schemas from '../../contracts/api/catalog.ts';
import * as editing from '../../contracts/api/catalog-editing.ts';
import * as transfer from '../../contracts/api/catalog-import.ts';
import { VENDOR_STREAM, type VendorChanged } from '../../contracts/messages/vendors.ts';
import { openDatabase } from '../../platform/database.ts';
import type { Pump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import * as categories from './categories.ts';
import * as importing from './importing.ts';
import { MenuMemory } from './menu-memory.ts';
import * as menus from './menus.ts';
import * as groups from './option-groups.ts';
import * as prices from './prices.ts';
import * as products from './products.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('catalog', config.database.catalog);
  const running: Part[] = [];
  let relay: Pump | undefined;
  const deps: menus.CatalogDeps = {
    database,
    door: context.door,
    kept: new MenuMemory(),
    wakeRelay: () => relay?.wake(),
  };
  context.addCheck('catalog.database', () => database.ping());
  return {
    name: 'catalog',
    actions: actionsOf(deps, context),
    async started() {
      relay = startPublishing(context, database);
      running.push(
        relay,
        startFollowing<VendorChanged>(context, {
          database,
          stream: VENDOR_STREAM,
          consumer: 'catalog',
          handler: (trx, entries) => menus.followVendors(deps, trx, entries),
          // Versions of vendors tell what is old.
          inbox: false,
        }),
        startPurging(context, database, { inbox: false, idempotency: true }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

function actionsOf(
  deps: menus.CatalogDeps,
  { log }: ServiceContext,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    menu: action<schemas.MenuRef, schemas.Menu>({
      params: schemas.MENU_REF,
      handler: ({ vendor }, call) => menus.menu(deps, vendor, call),
    }),
    menuVersion: action<schemas.MenuRef, schemas.MenuVersion>({
      params: schemas.MENU_REF,
      handler: ({ vendor }, call) => menus.menuVersion(deps, vendor, call),
    }),
    order: action<editing.MenuOrder, editing.MenuChangedAnswer>({
      params: editing.MENU_ORDER,
      handler: (params, call) => categories.order(deps, params, call),
    }),
    changePrices: action<editing.PriceChange, editing.MenuChangedAnswer>({
      params: editing.PRICE_CHANGE,
      handler: (params, call) => prices.changePrices(deps, params, call),
    }),
    importMenu: action<transfer.MenuImport, transfer.MenuImported>({
      params: transfer.MENU_IMPORT,
      handler: (params, call) => importing.importMenu(deps, params, call),
    }),
    exportMenu: action<schemas.MenuRef, transfer.MenuExport>({
      params: schemas.MENU_REF,
      handler: (params, call) => importing.exportMenu(deps, params, call),
    }),
    createCategory: action<editing.CategoryCreate, schemas.Category>({
      params: editing.CATEGORY_CREATE,
      handler: (params, call) => categories.createCategory(deps, params, call),
    }),
    listCategories: action<editing.CatalogListQuery, editing.CategoryList>({
      params: editing.CATALOG_LIST_QUERY,
      handler: (params, call) => categories.listCategories(deps, params, call),
    }),
    changeCategory: action<editing.CategoryChange, schemas.Category>({
      params: editing.CATEGORY_CHANGE,
      handler: (params, call) => categories.changeCategory(deps, params, call),
    }),
    removeCategory: action<editing.CategoryRef, void>({
      params: editing.CATEGORY_REF,
      handler: (params, call) => categories.removeCategory(deps, params, call),
    }),
    createOptionGroup: action<editing.OptionGroupCreate, schemas.OptionGroup>({
      params: editing.OPTION_GROUP_CREATE,
      handler: (params, call) => groups.createOptionGroup(deps, params, call),
    }),
    listOptionGroups: action<editing.CatalogListQuery, editing.OptionGroupList>({
      params: editing.CATALOG_LIST_QUERY,
      handler: (params, call) => groups.listOptionGroups(deps, params, call),
    }),
    changeOptionGroup: action<editing.OptionGroupChange, schemas.OptionGroup>({
      params: editing.OPTION_GROUP_CHANGE,
      handler: (params, call) => groups.changeOptionGroup(deps, params, call),
    }),
    removeOptionGroup: action<editing.OptionGroupRef, void>({
      params: editing.OPTION_GROUP_REF,
      handler: (params, call) => groups.removeOptionGroup(deps, params, call),
    }),
    ...productActions(deps, action),
  };
}

function productActions(
  deps: menus.CatalogDeps,
  action: ReturnType<typeof createActionBuilder>,
): NonNullable<ServiceSchema['actions']> {
  return {
    createProduct: action<editing.ProductCreate, schemas.Product>({
      params: editing.PRODUCT_CREATE,
      handler: (params, call) => products.createProduct(deps, params, call),
    }),
    listProducts: action<editing.CatalogListQuery, editing.ProductList>({
      params: editing.CATALOG_LIST_QUERY,
      handler: (params, call) => products.listProducts(deps, params, call),
    }),
    known: action<editing.ProductsKnown, editing.ProductsUnknown>({
      params: editing.PRODUCTS_KNOWN,
      handler: (params, call) => products.known(deps, params, call),
    }),
    getProduct: action<editing.ProductRef, schemas.Product>({
      params: editing.PRODUCT_REF,
      handler: (params, call) => products.getProduct(deps, params, call),
    }),
    changeProduct: action<editing.ProductChange, schemas.Product>({
      params: editing.PRODUCT_CHANGE,
      handler: (params, call) => products.changeProduct(deps, params, call),
    }),
    removeProduct: action<editing.ProductRef, void>({
      params: editing.PRODUCT_REF,
      handler: (params, call) => products.removeProduct(deps, params, call),
    }),
  };
}
