/** The configuration of `switchyard up` without a file: simulated engines, one tenant, nothing that leaves the machine. */
export const DEMO_CONFIG = `# What "switchyard up" serves without a configuration of your own.
providers:
  sim-managed: { kind: simulator, firstToken: 420ms, tokensPerSecond: 70 }
  sim-gpu:     { kind: simulator, firstToken: 120ms, tokensPerSecond: 110 }

targets:
  sim-premium:
    provider: sim-managed
    model: sim-large
    tier: premium
    price: { input: 3, output: 15, cacheRead: 0.3 }
  sim-dedicated:
    provider: sim-gpu
    model: sim-8b
    tier: dedicated
    price: { input: 0.10, output: 0.40 }
    dataClasses: [public, internal, confidential, restricted]
  sim-embeddings:
    provider: sim-gpu
    model: sim-embed
    tier: small
    price: { input: 0.02, output: 0 }

tasks:
  support.answer: { targets: [sim-dedicated, sim-premium], latency: interactive }
  report.write:   { targets: [sim-premium, sim-dedicated] }

tenants:
  demo: { tasks: ["*"] }
`;

export const DEMO_TENANT = "demo";
/** What the snippets ask for. */
export const DEMO_MODEL = "support.answer";
