import { row } from '../support/rows/row.ts';

/** Policy files as later versions of the Python original and its administrators write them. */
export const policyFiles = [
  row('parts of a policy that mean nothing here', 'they load, and a warning names each', {
    'unit/common/policy/policy-file': [
      'load, and each is named with its line: %s',
      'leave the rules beside them as they are, with their number',
      'are faults if the file has nothing else: it is no policy',
      'are faults where a key of a rule may be misspelt',
      'are faults where skipping them could grant more',
    ],
  }),
  row('YAML aliases and merge keys', 'they are expanded, up to a bound', {
    'unit/common/policy/policy-file': [
      'may share lists by aliases, as PyYAML does, also more than a hundred times',
      'may use merge keys',
      'with aliases that stand for too much, for themselves or for nothing is rejected',
    ],
  }),
  row('a policy without group_mappings', 'it loads: agents hold scopes by their token', {
    'unit/common/policy/policy-file': ['needs no group_mappings: agents hold scopes by their token'],
  }),
];
