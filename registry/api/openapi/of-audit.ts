import { exportFormats } from '../../../common/doors/decisions.ts';
import { usageQuery } from '../../../common/doors/usage.ts';
import { decisionsApiQuery, exportApiQuery } from '../../doors/decisions.ts';
import { serverUsageQuery } from '../usage.ts';
import { routes } from './operation.ts';

export const audit = routes('servers', {
  'get /api/decisions': {
    summary: 'The decisions of the gateway about requests, newest first',
    permission: 'view_audit',
    query: decisionsApiQuery,
    answer: 'Decisions',
    refusals: ['input_invalid', 'not_permitted', 'audit_unavailable'],
  },
  'get /api/decisions/export': {
    summary: 'All decisions that match, the oldest first, as a file: a record a line',
    permission: 'export_audit',
    query: exportApiQuery,
    files: [...new Set(Object.values(exportFormats).map(({ type }) => type.split(';', 1)[0] ?? type))],
    refusals: ['input_invalid', 'not_permitted', 'origin_refused', 'audit_unavailable'],
  },
  'get /api/usage': {
    summary: 'What was called in a span of time, by whom, how fast and with how many errors',
    permission: 'view_audit',
    query: usageQuery,
    answer: 'Usage',
    refusals: ['input_invalid', 'not_permitted', 'audit_unavailable'],
  },
  'get /api/servers/{name}/usage': {
    summary: 'The same of one server',
    permission: 'view_audit',
    query: serverUsageQuery,
    answer: 'Usage',
    refusals: ['input_invalid', 'not_found', 'not_permitted', 'audit_unavailable'],
  },
});
