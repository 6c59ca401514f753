import type { ServerContext } from '@modelcontextprotocol/server';
import type { Express } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { bundledApp } from '../mcp-app.ts';
import { addTool, readOnly } from '../tool-call.ts';
import { type Aggregates, aggregatesSchema, table, toAggregates } from './aggregates.ts';
import { askPolygon, type PolygonAccess } from './polygon.ts';
import { type AggregatesInput, aggregatesInput, aggregatesPath } from './request.ts';

const instructions =
  'Stock prices from Polygon. get_stock_aggregates: open, high, low, close and volume per bar, as values. print_stock_data: the same as a table for people.';

/** Read-only, but the data come from another service. */
const annotations = { ...readOnly, openWorldHint: true };

/**
 * The fininfo server over HTTP, not yet listening.
 * @param access Polygon's API; without a key every call returns a tool error that names the missing setting
 * @param timeoutMs the time limit for Polygon, default 10 s
 */
export function createApp(log: Logger, access: PolygonAccess, timeoutMs = 10_000): Express {
  const ask = async (input: AggregatesInput, context: ServerContext): Promise<Aggregates> => {
    const options = { log, timeoutMs, signal: context.mcpReq.signal };
    return toAggregates(await askPolygon(access, aggregatesPath(input), options), input);
  };
  const describe = (title: string, description: string) => ({
    title,
    description,
    inputSchema: aggregatesInput,
    outputSchema: aggregatesSchema,
    annotations,
  });
  return bundledApp('fininfo', log, instructions, (server) => {
    addTool(
      { server, log },
      'get_stock_aggregates',
      describe(
        'Stock aggregates',
        'Aggregate bars of a stock over a window of time: open, high, low and close price, volume. Data from Polygon.',
      ),
      async (input, context) => {
        const values = await ask(input, context);
        return { text: JSON.stringify(values), values };
      },
    );
    addTool(
      { server, log },
      'print_stock_data',
      describe(
        'Stock data as a table',
        'The same stock bars as get_stock_aggregates, formatted as a table for people to read.',
      ),
      async (input, context) => {
        const values = await ask(input, context);
        return { text: table(values), values };
      },
    );
  });
}
