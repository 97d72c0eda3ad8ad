/** Routes of menus. */
import * as catalog from './catalog.ts';
import * as editing from './catalog-editing.ts';
import { ANYONE, type Route } from './route.ts';
import type { Role } from './users.ts';

/** Vendors, for what is of their own account, and ops. */
const KEEPERS: readonly Role[] = ['vendor', 'ops'];

const CATEGORY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors/{vendor}/categories',
    action: 'catalog.createCategory',
    summary: 'Add a category to a menu',
    roles: KEEPERS,
    params: editing.CATEGORY_CREATE,
    status: 201,
    result: catalog.CATEGORY,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/categories',
    action: 'catalog.listCategories',
    summary: 'Categories of a menu, oldest first',
    roles: KEEPERS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.CATEGORY_LIST,
  },
  {
    method: 'PATCH',
    path: '/categories/{id}',
    action: 'catalog.changeCategory',
    summary: 'Change a category',
    roles: KEEPERS,
    params: editing.CATEGORY_CHANGE,
    status: 200,
    result: catalog.CATEGORY,
  },
  {
    method: 'DELETE',
    path: '/categories/{id}',
    action: 'catalog.removeCategory',
    summary: 'Remove a category; its products stay, without one',
    roles: KEEPERS,
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
    roles: KEEPERS,
    params: editing.OPTION_GROUP_CREATE,
    status: 201,
    result: catalog.OPTION_GROUP,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/option-groups',
    action: 'catalog.listOptionGroups',
    summary: 'Option groups of a menu, oldest first',
    roles: KEEPERS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.OPTION_GROUP_LIST,
  },
  {
    method: 'PATCH',
    path: '/option-groups/{id}',
    action: 'catalog.changeOptionGroup',
    summary: 'Change an option group, for all products that share it',
    roles: KEEPERS,
    params: editing.OPTION_GROUP_CHANGE,
    status: 200,
    result: catalog.OPTION_GROUP,
  },
  {
    method: 'DELETE',
    path: '/option-groups/{id}',
    action: 'catalog.removeOptionGroup',
    summary: 'Remove an option group, from all products, too',
    roles: KEEPERS,
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
    roles: KEEPERS,
    params: editing.PRODUCT_CREATE,
    status: 201,
    result: catalog.PRODUCT,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/products',
    action: 'catalog.listProducts',
    summary: 'All products of a vendor, inactive ones too, oldest first',
    roles: KEEPERS,
    params: editing.CATALOG_LIST_QUERY,
    status: 200,
    result: editing.PRODUCT_LIST,
  },
  {
    method: 'GET',
    path: '/products/{id}',
    action: 'catalog.getProduct',
    summary: 'One product',
    roles: KEEPERS,
    params: editing.PRODUCT_REF,
    status: 200,
    result: catalog.PRODUCT,
  },
  {
    method: 'PATCH',
    path: '/products/{id}',
    action: 'catalog.changeProduct',
    summary: 'Change a product',
    roles: KEEPERS,
    params: editing.PRODUCT_CHANGE,
    status: 200,
    result: catalog.PRODUCT,
  },
  {
    method: 'DELETE',
    path: '/products/{id}',
    action: 'catalog.removeProduct',
    summary: 'Take a product off the menu for good',
    roles: KEEPERS,
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
    params: catalog.MENU_REF,
    status: 200,
    result: catalog.MENU,
  },
  {
    method: 'PUT',
    path: '/vendors/{vendor}/menu/order',
    action: 'catalog.order',
    summary: 'Put categories and products in order',
    roles: KEEPERS,
    params: editing.MENU_ORDER,
    status: 200,
    result: editing.MENU_CHANGED,
  },
  ...CATEGORY_ROUTES,
  ...OPTION_GROUP_ROUTES,
  ...PRODUCT_ROUTES,
];
