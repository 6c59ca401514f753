import * as z from 'zod';
import { accountDisconnect } from '../../../common/doors/accounts.ts';
import { decisionPage } from '../../../common/doors/decisions.ts';
import { accessEnd } from '../../../common/doors/people.ts';
import { replayQuery } from '../../../common/doors/replay.ts';
import {
  judgeQuery,
  policyChange,
  policyConflict,
  settleDrift,
  settleProposal,
} from '../../../common/doors/versions.ts';
import { importAnswer } from '../../import/import.ts';
import { toolChangesAnswer } from '../../pins/changes.ts';
import { ownership, patch, replacement, seen, serverSettings } from '../../servers/server-input.ts';
import { setReplacement, setSettings } from '../../servers/set-input.ts';
import { changesAnswer } from '../changes.ts';
import { checkedAnswer, editedAnswer } from '../edit.ts';
import { serverHealth } from '../health.ts';
import {
  originalAllTools,
  originalDetails,
  originalRegistered,
  originalStatus,
  originalToggled,
  originalTools,
} from '../original/answers.ts';
import { accountListing, disconnectedCount } from '../people/accounts.ts';
import {
  clientListing,
  endedCount,
  endedListing,
  othersListing,
  peopleListing,
  personDetails,
} from '../people/people.ts';
import {
  policyAnswer,
  policyChanged,
  policyDriftSettled,
  policyJudged,
  policyReplayed,
  policySettled,
  policyVersionAnswer,
  policyVersionsAnswer,
} from '../policy.ts';
import { requestAnswer, requestSettlement, requestsAnswer } from '../requests.ts';
import { toolsFound } from '../search.ts';
import { me, serverDetails, serverListing } from '../servers.ts';
import { object } from '../shared/answer.ts';
import { approvalInput, readOnlyNames } from '../tool-changes.ts';
import { usageAnswer } from '../usage.ts';
import { plainError, serverList, serverResponse } from '../v0/schemas.ts';

const fault = z.strictObject({ path: z.string(), message: z.string() });
const error = z.strictObject({
  code: z.string(),
  message: z.string(),
  faults: z.array(fault).optional(),
  conflict: policyConflict.optional().describe('With `policy_conflict`: what is in force now, and what changed.'),
});

const form = {
  description: z.string(),
  proxy_pass_url: z.string().describe('Where it runs, such as http://127.0.0.1:8000/.'),
  tags: z.string().optional().describe('Separated by commas.'),
  license: z.string().optional(),
  num_tools: z.string().optional().describe('Ignored: the registry asks the server.'),
  num_stars: z.string().optional().describe('Ignored.'),
  is_python: z.string().optional().describe('Ignored.'),
};

/** Every schema of the document, by its name there. Routes read their input, and type their answers, by the same schemas. */
export const components = {
  Error: z.strictObject({ error }),
  PlainError: plainError,
  OriginalError: z.strictObject({ detail: z.string(), error }),

  NewServer: z.union([serverSettings, setSettings]),
  ServerReplacement: z.union([replacement, setReplacement]),
  ServerPatch: z.union([patch, setReplacement.partial().required({ revision: true })]),
  Seen: seen,
  Ownership: ownership,
  ServerListing: serverListing,
  Server: serverDetails,
  Edited: editedAnswer,
  Checked: checkedAnswer,
  ServerHealth: serverHealth,
  ToolChanges: toolChangesAnswer,
  Approval: approvalInput,
  ReadOnlyTools: readOnlyNames,
  ToolsFound: toolsFound,
  Decisions: decisionPage,
  Usage: usageAnswer,
  Changes: changesAnswer,
  Me: me,
  People: peopleListing,
  OtherPeople: othersListing,
  PersonAccess: personDetails,
  Clients: clientListing,
  EndedAccess: endedListing,
  AccessEnd: accessEnd,
  Accounts: accountListing,
  AccountDisconnect: accountDisconnect,
  DisconnectedCount: disconnectedCount,
  EndedCount: endedCount,
  Request: requestAnswer,
  Requests: requestsAnswer,
  RequestSettlement: requestSettlement,
  Policy: policyAnswer,
  PolicyVersions: policyVersionsAnswer,
  PolicyVersion: policyVersionAnswer,
  PolicyToJudge: judgeQuery,
  PolicyJudged: policyJudged,
  PolicyToReplay: replayQuery,
  PolicyReplayed: policyReplayed,
  PolicyChange: policyChange,
  PolicyChanged: policyChanged,
  PolicySettlement: settleProposal,
  PolicySettled: policySettled,
  PolicyDrift: settleDrift,
  PolicyDriftSettled: policyDriftSettled,
  Import: z
    .union([object, z.array(object)])
    .describe('A server.json, a server file of the original, or a list of them.'),
  Imported: importAnswer,
  Document: object,

  RegistryServer: serverResponse,
  RegistryServerList: serverList,

  RegisterForm: z.object({ name: z.string(), path: z.string(), ...form }),
  ToggleForm: z.object({ enabled: z.string().optional().describe('`on` enables; every other value disables.') }),
  EditForm: z.object({ name: z.string().optional(), ...form }).partial(),
  OriginalServer: originalDetails,
  OriginalServers: z.union([originalDetails, z.record(z.string(), originalDetails)]),
  OriginalRegistered: originalRegistered,
  OriginalToggled: originalToggled,
  OriginalStatus: originalStatus,
  OriginalTools: z.union([originalTools, originalAllTools]),
};

export type Component = keyof typeof components;
