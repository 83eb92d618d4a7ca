import type { Route } from '../http/route.ts'
import { billRoutes } from './bills.ts'
import { certificateRoutes } from './certificates.ts'
import { complaintRoutes } from './complaints.ts'
import { globalOrderRoutes } from './global-orders.ts'
import { globalRefundRoutes } from './global-refunds.ts'
import { imageRoutes } from './images.ts'
import { orderRoutes } from './orders.ts'
import { refundRoutes } from './refunds.ts'
import { transferRoutes } from './transfers.ts'

export const API_ROUTES: readonly Route[] = [
  ...orderRoutes,
  ...refundRoutes,
  ...globalOrderRoutes,
  ...globalRefundRoutes,
  ...billRoutes,
  ...transferRoutes,
  ...complaintRoutes,
  ...imageRoutes,
  ...certificateRoutes,
]
