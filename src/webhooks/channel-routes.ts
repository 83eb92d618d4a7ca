import express, { type Router } from 'express'
import type { ChannelInbox } from './channel-service.ts'

/** Where chat platforms send their updates: `/webhooks/channels/{channel}/{connection}`. */
export const createChannelRouter = (_inbox: ChannelInbox): Router => express.Router()
