import { type Operation, writeRefusals } from './operation.ts';

const tag = 'original';
const formRefusals = [...writeRefusals, 'origin_refused'] as const;

/** The routes of the Python original. */
export const originalOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/register',
    tag,
    summary: 'Register a server',
    permission: 'register_service',
    body: { form: true, required: true, schema: 'RegisterForm' },
    answers: { 201: 'OriginalRegistered' },
    refusals: [...formRefusals, 'name_taken', 'name_fixed', 'upstream_refused', 'route_refused'],
  },
  {
    method: 'post',
    path: '/toggle/{path}',
    tag,
    summary: 'Enable or disable a server',
    permission: 'toggle_service',
    body: { form: true, required: true, schema: 'ToggleForm' },
    answers: { 200: 'OriginalToggled' },
    refusals: [...formRefusals, 'not_found', 'upstream_refused', 'route_refused'],
  },
  {
    method: 'get',
    path: '/edit/{path}',
    tag,
    summary: 'Leads to the page where a server is changed',
    permission: 'modify_service',
    answers: { 303: undefined },
    refusals: ['not_permitted', 'not_found'],
  },
  {
    method: 'post',
    path: '/edit/{path}',
    tag,
    summary: 'Change a server, whoever has changed it meanwhile; leads to the list',
    permission: 'modify_service',
    body: { form: true, required: true, schema: 'EditForm' },
    answers: { 303: undefined },
    refusals: [...formRefusals, 'not_found', 'name_fixed', 'changed_meanwhile', 'upstream_refused', 'route_refused'],
  },
  {
    method: 'get',
    path: '/api/server_details/{path}',
    tag,
    summary: 'One server, or with `all` every one that the caller may see, by path',
    permission: 'list_service',
    answers: { 200: 'OriginalServers' },
    refusals: ['not_found'],
  },
  {
    method: 'get',
    path: '/api/tools/{path}',
    tag,
    summary: 'The tools of one server, or with `all` of every one that the caller may see',
    permission: 'list_service',
    answers: { 200: 'OriginalTools' },
    refusals: ['not_found', 'server_disabled'],
  },
  {
    method: 'post',
    path: '/api/refresh/{path}',
    tag,
    summary: 'Ask a server now how it is',
    permission: 'health_check_service',
    answers: { 200: 'OriginalStatus' },
    refusals: ['not_permitted', 'not_found', 'server_disabled', 'origin_refused'],
  },
];
