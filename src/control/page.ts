import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { AppError } from "../core/errors.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Route } from "../gateway/routes.ts";
import { documentHtml } from "./doc-page.ts";
import { escapeHtml } from "./escape-html.ts";
import { snippets } from "./snippets.ts";

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}
pre{background:color-mix(in srgb,currentColor 8%,transparent);padding:.9rem 1rem;border-radius:.5rem;overflow-x:auto;font-size:.85rem;line-height:1.45}
pre.document{white-space:pre-wrap;background:none;padding:0}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace}
a{color:light-dark(#0a58ca,#8ab4f8)}ul{padding-left:1.2rem}
.state{opacity:.75;margin:0}`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

const DOCS = new URL("../../docs/", import.meta.url);
const FOLDERS = ["guides", "guides/clients", "reference", "decisions"];
const DOC_PATH = /^(guides(\/clients)?|reference|decisions)\/(README|[a-z0-9-]+(\.schema)?)\.(md|json)$/;

const HEADERS = {
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** The plain page at `/`, and the documents that come with the program. */
export function pageRoutes(gateway: Gateway, base: () => string): Route[] {
  const common = { method: "GET", authorisation: "public", plane: "control" } as const;
  return [
    {
      ...common,
      url: "/",
      summary: "What this is, the base URL, and snippets to paste.",
      handler: (_request, reply) => {
        void reply.headers({ ...HEADERS, "content-type": "text/html; charset=utf-8" });
        return startPage(gateway, base());
      },
    },
    {
      ...common,
      url: "/docs",
      summary: "The documents that come with this version.",
      handler: async (_request, reply) => {
        void reply.headers({ ...HEADERS, "content-type": "text/html; charset=utf-8" });
        return docsPage(await listDocs());
      },
    },
    {
      ...common,
      url: "/docs/*",
      summary: "One of them, as text.",
      handler: async (request, reply) => {
        const wanted = (request.params as { "*": string })["*"];
        const text = DOC_PATH.test(wanted)
          ? await readFile(new URL(wanted, DOCS), "utf8").catch(() => undefined)
          : undefined;
        if (text === undefined) throw new AppError("not_found", "there is no such document");
        const asPage = wanted.endsWith(".md") && /\btext\/html\b/.test(request.headers.accept ?? "");
        const type = asPage ? "text/html" : "text/plain";
        void reply.headers({ ...HEADERS, "content-type": `${type}; charset=utf-8` });
        return asPage ? documentPage(wanted, text) : text;
      },
    },
  ];
}

function startPage(gateway: Gateway, base: string): string {
  const { config, names } = gateway.snapshot;
  const all = names.list({ task: () => true, target: () => true, describe: () => "" });
  const model = all[0]?.id ?? "MODEL";
  const { curl, openai, anthropic, aws } = snippets(base, "YOUR_KEY", model);
  const counts = [
    count(Object.keys(config.tasks).length, "task"),
    count(Object.keys(config.targets).length, "target"),
    count(Object.keys(config.tenants).length, "tenant"),
  ].join(", ");
  return html(
    "Switchyard",
    `<h1>Switchyard</h1>
<p>One gateway in front of every model you run or rent. It decides per request where to send it, says why, and counts what it costs.</p>
<p class="state">${counts}${all.length === 0 ? "; add targets to the configuration to begin" : ""}</p>
<h2>Base URL</h2><pre><code>${escapeHtml(base)}/v1</code></pre>
<h2>curl</h2><pre><code>${escapeHtml(curl)}</code></pre>
<h2>OpenAI SDK</h2><pre><code>${escapeHtml(openai)}</code></pre>
<h2>Anthropic SDK</h2><pre><code>${escapeHtml(anthropic)}</code></pre>
<h2>AWS SDK</h2><pre><code>${escapeHtml(aws)}</code></pre>
<p>A key is made with <code>switchyard keys create --tenant ${escapeHtml(Object.keys(config.tenants)[0] ?? "TENANT")}</code>; with <code>--aws</code> comes an access-key pair for AWS SDKs that sign.</p>
<h2>Look further</h2>
<ul><li><a href="/healthz">/healthz</a> and <a href="/readyz">/readyz</a>: alive, and ready to serve</li>
<li><code>switchyard usage --by tenant,feature</code>, <code>switchyard tail</code>, <code>switchyard explain ID</code>: what it costs, what goes on, and why</li>
<li><a href="/api/openapi.json">/api/openapi.json</a>: the control API</li>
<li><a href="/metrics">/metrics</a>: Prometheus metrics, with the admin token as bearer</li>
<li><a href="/docs">/docs</a>: configuration, errors, commands</li></ul>`,
  );
}

async function listDocs(): Promise<string[]> {
  const lists = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(new URL(`${folder}/`, DOCS)).catch((): string[] => []);
      return names.toSorted().map((name) => `${folder}/${name}`);
    }),
  );
  return lists.flat().filter((file) => DOC_PATH.test(file));
}

function docsPage(files: readonly string[]): string {
  const items = files
    .map((file) => `<li><a href="/docs/${escapeHtml(file)}">${escapeHtml(file)}</a></li>`)
    .join("\n");
  return html("Switchyard: documents", `<h1>Documents</h1><ul>${items}</ul><p><a href="/">Back</a></p>`);
}

/** For browsers; other clients get the text itself. */
function documentPage(file: string, markdown: string): string {
  return html(
    `Switchyard: ${escapeHtml(file)}`,
    `<p><a href="/docs">Documents</a></p><pre class="document">${documentHtml(markdown)}</pre>`,
  );
}

function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style><body>${body}</body></html>`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
