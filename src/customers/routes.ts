import { z } from 'zod'
import { listQuery } from '#platform/listing.ts'
import { type Route, route } from '#platform/route.ts'
import {
  type Customer,
  customerInput,
  customerList,
  customerListQuery,
  customerSchema,
  deletedCustomerSchema,
} from './schemas.ts'
import type { CustomerService } from './service.ts'

const tag = 'Customers'
const roles = ['service', 'merchant', 'bot', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })

const example: Customer = {
  id: 'cus_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'customer',
  address: null,
  balance: 0,
  created: 1_795_334_400,
  currency: null,
  default_source: null,
  delinquent: false,
  description: null,
  email: 'lea@example.com',
  invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
  livemode: false,
  metadata: { crm: '42' },
  name: 'Léa Martin',
  phone: null,
  preferred_locales: [],
  shipping: null,
  tax_exempt: 'none',
  test_clock: null,
}

export const customerRoutes = (customers: CustomerService): Route[] => [
  route({
    method: 'post',
    path: '/v1/customers',
    operationId: 'createCustomer',
    tag,
    summary: 'Create a customer',
    roles,
    body: customerInput,
    response: customerSchema,
    errors: ['parameter_invalid_string'],
    example,
    handler: ({ merchantId, livemode, resourceId, body }) =>
      customers.create({ merchantId, livemode }, resourceId, body),
  }),
  route({
    method: 'get',
    path: '/v1/customers',
    operationId: 'listCustomers',
    tag,
    summary: 'List customers',
    description: 'Deleted customers are left out.',
    roles: [...roles, 'finance'],
    query: customerListQuery,
    response: customerList,
    example: { object: 'list', url: '/v1/customers', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => customers.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/customers/:id',
    operationId: 'retrieveCustomer',
    tag,
    summary: 'Retrieve a customer',
    description: 'A deleted customer answers with `deleted: true` and nothing else.',
    roles: [...roles, 'finance'],
    params,
    query: z.strictObject({ expand: listQuery.shape.expand }),
    response: z.union([customerSchema, deletedCustomerSchema]),
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => customers.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/customers/:id',
    operationId: 'updateCustomer',
    tag,
    summary: 'Update a customer',
    description: 'Fields that are left out stay; an empty text unsets a field.',
    roles,
    params,
    body: customerInput,
    response: customerSchema,
    errors: ['resource_missing', 'parameter_invalid_string'],
    example,
    handler: ({ merchantId, params: { id }, body }) => customers.update(merchantId, id, body),
  }),
  route({
    method: 'delete',
    path: '/v1/customers/:id',
    operationId: 'deleteCustomer',
    tag,
    summary: 'Delete a customer',
    description: 'Erases what is known of the person. Payments keep their (empty) customer.',
    roles,
    params,
    response: deletedCustomerSchema,
    errors: ['resource_missing'],
    example: { id: example.id, object: 'customer', deleted: true },
    handler: ({ merchantId, params: { id } }) => customers.remove(merchantId, id),
  }),
]
