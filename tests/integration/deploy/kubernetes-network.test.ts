import { type Deployment, inBase, labelsOf, policies, portsOf, type Selector, selected, selects } from './manifests.ts';

describe('Network policies', () => {
  const pods = inBase.deployments;
  /** Whether the policies of the base allow one pod to reach another. */
  const mayReach = (from: Deployment, to: Deployment, port: number) => {
    const rules = inBase.policies.map(({ spec }) => spec);
    const mine = (each: Deployment, type: 'Ingress' | 'Egress') =>
      rules.filter(
        ({ podSelector, policyTypes }) => policyTypes.includes(type) && selects(podSelector, labelsOf(each)),
      );
    const isPort = (ports: readonly { port: number }[] | undefined) =>
      !ports || ports.some((each) => each.port === port);
    const isPeer = (peers: readonly { podSelector?: Selector | undefined }[] | undefined, pod: Deployment) =>
      !peers || peers.some(({ podSelector }) => podSelector && selects(podSelector, labelsOf(pod)));
    const into = mine(to, 'Ingress');
    const out = mine(from, 'Egress');
    const allowedIn =
      into.length === 0 || into.some((p) => p.ingress?.some((r) => isPort(r.ports) && isPeer(r.from, from)));
    const allowedOut = out.length === 0 || out.some((p) => p.egress?.some((r) => isPort(r.ports) && isPeer(r.to, to)));
    return allowedIn && allowedOut;
  };

  /** The in-cluster peers of a policy's rules, with their ports, inbound or outbound. */
  const peersOf = ({ spec }: (typeof policies)[number]) => {
    const ingress = (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports, to: spec.podSelector }));
    const egress = (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports, to: undefined }));
    return [...ingress, ...egress].flatMap(({ peers, ports, to }) =>
      (peers ?? []).flatMap(({ podSelector }) => (podSelector ? [{ podSelector, ports, to: to ?? podSelector }] : [])),
    );
  };

  test.each(policies)('$metadata.name selects existing pods, and names existing peers', (policy) => {
    expect(selected(policy.spec.podSelector)).not.toEqual([]);
    for (const { podSelector } of peersOf(policy)) expect(selected(podSelector)).not.toEqual([]);
  });

  test.each(policies)('$metadata.name opens only ports that a container listens on', (policy) => {
    const own = (policy.spec.ingress ?? []).flatMap(({ ports }) => ports ?? []);
    for (const { port } of own) expect(selected(policy.spec.podSelector).flatMap(portsOf)).toContain(port);
    for (const { to, ports } of peersOf(policy))
      for (const { port } of ports ?? []) expect(selected(to).flatMap(portsOf)).toContain(port);
  });

  test('each pod reaches only the pods that serve it', () => {
    const reach = pods.flatMap((from) =>
      pods.flatMap((to) =>
        from === to
          ? []
          : [...new Set(portsOf(to))]
              .filter((port) => mayReach(from, to, port))
              .map((port) => [from.metadata.name, to.metadata.name, port]),
      ),
    );
    expect(reach.sort()).toEqual(
      [
        ['gate', 'auth-server', 8888],
        ['gate', 'currenttime', 8000],
        ['gate', 'mcpgw', 8003],
        ['gate', 'hub', 8004],
        ['mcpgw', 'gate', 7860],
        ['mcpgw', 'gate', 8082],
        ['hub', 'gate', 7860],
        ['hub', 'gate', 8082],
        ['auth-server', 'gate', 7860],
        ['auth-server', 'gate', 7870],
      ].sort(),
    );
  });

  test('every pod is under a policy that denies all traffic by default', () => {
    const denyAll = policies.find(({ metadata }) => metadata.name === 'deny-all')?.spec;
    expect(denyAll).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  test('only the ports of nginx are open to the outside', () => {
    const open = policies.flatMap(({ spec }) =>
      (spec.ingress ?? []).filter(({ from }) => !from).map(({ ports }) => ports),
    );
    expect(open).toEqual([[{ port: 8080 }, { port: 8443 }]]);
  });

  test('only the gate and the auth-server reach public addresses, over https; no pod reaches the metadata service', () => {
    const out = policies.flatMap(({ spec }) =>
      (spec.egress ?? []).flatMap(({ to, ports }) =>
        to.flatMap(({ ipBlock }) =>
          ipBlock
            ? [
                {
                  names: selected(spec.podSelector)
                    .map((d) => d.metadata.name)
                    .sort(),
                  ports,
                  ...ipBlock,
                },
              ]
            : [],
        ),
      ),
    );
    for (const { names, ports, cidr, except } of out) {
      expect(names).toEqual(['auth-server', 'gate']);
      if (cidr === '0.0.0.0/0') expect(except).toContain('169.254.0.0/16');
      expect(ports).toEqual([{ port: cidr.endsWith('/0') ? 443 : 5432 }]);
    }
    expect(out.length).toBeGreaterThan(3);
  });
});
