/** Routes of menus. */
import * as catalog from './catalog.ts';
import * as editing from './catalog-editing.ts';
import * as transfer from './catalog-import.ts';
import { ANYONE, type Route } from './route.ts';
import type { MemberRole, Role } from './users.ts';

/** Vendors (and their keys), for what is of their own account, and ops. */
const KEEPERS: readonly Role[] = ['vendor', 'ops'];
const READS = { roles: KEEPERS, scope: 'catalog:read' } as const;
/** Who of an account decides what is sold and for how much; staff count stock, and say what is out. */
const MANAGERS: readonly MemberRole[] = ['owner', 'manager'];
const WRITES = { roles: KEEPERS, scope: 'catalog:write', members: MANAGERS } as const;

const CATEGORY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors/{vendor}/categories',
    action: 'catalog.createCategory',
    summary: 'Add a category to a menu',
    ...WRITES,
    params: editing.CATEGORY_CREATE,
    status: 201,
    result: catalog.CATEGORY,
    idempotent: 'optional',
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/categories',
    action: 'catalog.listCategories',
    summary: 'Categories of a menu, oldest first',
    ...READS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.CATEGORY_LIST,
  },
  {
    method: 'PATCH',
    path: '/categories/{id}',
    action: 'catalog.changeCategory',
    summary: 'Change a category',
    ...WRITES,
    params: editing.CATEGORY_CHANGE,
    status: 200,
    result: catalog.CATEGORY,
  },
  {
    method: 'DELETE',
    path: '/categories/{id}',
    action: 'catalog.removeCategory',
    summary: 'Remove a category; its products stay, without one',
    ...WRITES,
    params: editing.CATEGORY_REF,
    status: 204,
  },
];

const OPTION_GROUP_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors/{vendor}/option-groups',
    action: 'catalog.createOptionGroup',
    summary: 'Add an option group that products may share',
    ...WRITES,
    params: editing.OPTION_GROUP_CREATE,
    status: 201,
    result: catalog.OPTION_GROUP,
    idempotent: 'optional',
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/option-groups',
    action: 'catalog.listOptionGroups',
    summary: 'Option groups of a menu, oldest first',
    ...READS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.OPTION_GROUP_LIST,
  },
  {
    method: 'PATCH',
    path: '/option-groups/{id}',
    action: 'catalog.changeOptionGroup',
    summary: 'Change an option group, for all products that share it',
    ...WRITES,
    params: editing.OPTION_GROUP_CHANGE,
    status: 200,
    result: catalog.OPTION_GROUP,
  },
  {
    method: 'DELETE',
    path: '/option-groups/{id}',
    action: 'catalog.removeOptionGroup',
    summary: 'Remove an option group, from all products, too',
    ...WRITES,
    params: editing.OPTION_GROUP_REF,
    status: 204,
  },
];

const PRODUCT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors/{vendor}/products',
    action: 'catalog.createProduct',
    summary: 'Add a product to a menu',
    ...WRITES,
    params: editing.PRODUCT_CREATE,
    status: 201,
    result: catalog.PRODUCT,
    idempotent: 'optional',
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/products',
    action: 'catalog.listProducts',
    summary: 'All products of a vendor, inactive ones too, oldest first',
    ...READS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.PRODUCT_LIST,
  },
  {
    method: 'GET',
    path: '/products/{id}',
    action: 'catalog.getProduct',
    summary: 'One product',
    ...READS,
    params: editing.PRODUCT_REF,
    status: 200,
    result: catalog.PRODUCT,
  },
  {
    method: 'PATCH',
    path: '/products/{id}',
    action: 'catalog.changeProduct',
    summary: 'Change a product',
    ...WRITES,
    params: editing.PRODUCT_CHANGE,
    status: 200,
    result: catalog.PRODUCT,
  },
  {
    method: 'DELETE',
    path: '/products/{id}',
    action: 'catalog.removeProduct',
    summary: 'Take a product off the menu for good',
    ...WRITES,
    params: editing.PRODUCT_REF,
    status: 204,
  },
];

export const CATALOG_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/vendors/{vendor}/menu',
    action: 'catalog.menu',
    summary: 'The menu of a vendor: everything that can be bought',
    roles: ANYONE,
    scope: 'catalog:read',
    params: catalog.MENU_REF,
    status: 200,
    result: catalog.MENU,
  },
  {
    method: 'PUT',
    path: '/vendors/{vendor}/menu/order',
    action: 'catalog.order',
    summary: 'Put categories and products in order',
    ...WRITES,
    params: editing.MENU_ORDER,
    status: 200,
    result: editing.MENU_CHANGED,
  },
  {
    method: 'PATCH',
    path: '/vendors/{vendor}/menu/prices',
    action: 'catalog.changePrices',
    summary: 'Change many prices at once',
    ...WRITES,
    params: editing.PRICE_CHANGE,
    status: 200,
    result: editing.MENU_CHANGED,
  },
  {
    method: 'POST',
    path: '/vendors/{vendor}/menu/import',
    action: 'catalog.importMenu',
    summary: 'Bring products as CSV, all lines or none',
    ...WRITES,
    params: transfer.MENU_IMPORT,
    status: 200,
    result: transfer.MENU_IMPORTED,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/menu/export',
    action: 'catalog.exportMenu',
    summary: 'Products as CSV, as an import takes it',
    ...READS,
    params: catalog.MENU_REF,
    status: 200,
    result: transfer.MENU_EXPORT,
  },
  ...CATEGORY_ROUTES,
  ...OPTION_GROUP_ROUTES,
  ...PRODUCT_ROUTES,
];
